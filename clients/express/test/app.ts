import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import express4 from 'express4';
import { createHoldfast, getSession, type Holdfast, type HoldfastOptions, type Transport } from '@holdfast/express';
import { until } from './server.js';

export const frameworks = { 'Express 5': express5, 'Express 4': express4 };

export interface TestApp {
  url: string;
  holdfast: Holdfast;
  log: string[];
  close(): Promise<void>;
}

/** An application that uses everything, on either version. */
export async function startApp(options: HoldfastOptions, express: typeof express5 = express5): Promise<TestApp> {
  const log: string[] = [];
  const holdfast = createHoldfast({ log: (level, message) => log.push(`${level}: ${message}`), ...options });
  const app = express();
  app.use(express.urlencoded({ extended: false }), express.json(), holdfast());
  app.get('/csrf-form', (req, res) => void res.type('text').send(req.auth.csrfToken()));
  app.post('/login', (req, res, next) => {
    const { user = 'ada', transport = 'cookie', remember, role, acr } = req.body ?? {};
    holdfast.startSession(req, res, { id: user }, { transport: transport as Transport, remember: remember === true, ...(role ? { claims: { role } } : {}), ...(acr ? { acr } : {}) })
      .then(({ session, tokens }) => void res.json(tokens ?? { sid: session.sid }), next);
  });
  app.post('/failed', (req, res, next) => holdfast.recordFailure(req, { subject: 'ada' }).then(() => void res.sendStatus(401), next));
  app.post('/logout', (req, res, next) => holdfast.endSession(req, res).then(() => void res.sendStatus(204), next));
  app.post('/step-up', (req, res, next) => holdfast.elevate(req, res, { acr: 'aal2', amr: ['pwd', 'otp'] }).then(({ tokens }) => void res.json(tokens), next));
  app.get('/open', (req, res) => void res.json({ subject: req.auth.session?.subject ?? null, refusal: req.auth.refusal }));
  app.get('/me', holdfast.requireSession(), (req, res) => void res.json(getSession(req)));
  app.get('/page', holdfast.requireSession({ redirectTo: '/login' }), (_req, res) => void res.send('page'));
  app.get('/admin', holdfast.requireSession({ role: ['admin', 'root'] }), (_req, res) => void res.send('admin'));
  app.get('/fresh', holdfast.requireFresh({ maxAge: 300, acr: 'aal2' }), (_req, res) => void res.send('fresh'));
  app.get('/poll', holdfast.asPoll(), holdfast.requireSession(), (_req, res) => void res.send('poll'));
  app.get('/limited', holdfast.rateLimit({ perMinute: 20 }), (_req, res) => void res.send('in time'));
  app.post('/change', holdfast.requireSession(), (req, res) => void res.json(req.body ?? null));
  app.get('/data/:field', (req, res, next) => req.auth.data.get(req.params.field).then(value => void res.json(value ?? null), next));
  app.put('/data/:field', (req, res, next) => req.auth.data.set(req.params.field, req.body.value).then(() => void res.sendStatus(204), next));
  app.delete('/data/:field', (req, res, next) => req.auth.data.delete(req.params.field).then(() => void res.sendStatus(204), next));
  app.use(holdfast.errors());
  const server: Server = app.listen(0, '127.0.0.1');
  await until('the application listens', () => server.listening);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    holdfast,
    log,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      await holdfast.close();
    },
  };
}

/** A browser, as far as cookies and fetch metadata go. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly lines: string[] = [];

  constructor(readonly url: string) {}

  async send(method: string, path: string, { body, headers = {}, form }: { body?: unknown; headers?: Record<string, string>; form?: Record<string, string> } = {}): Promise<Response> {
    const jar = [...this.cookies].filter(([name]) => name !== '__Secure-holdfast-rt' || path.startsWith('/auth')).map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        'Sec-Fetch-Site': 'same-origin',
        'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        ...(jar === '' ? {} : { Cookie: jar }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(form ? { body: new URLSearchParams(form) } : body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      this.lines.push(line);
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/max-age=0/.test(line)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }

    return response;
  }

  /** The same with the token of the page that it is on. */
  async act(method: string, path: string, body: unknown = {}): Promise<Response> {
    const { token } = (await (await this.send('GET', '/auth/csrf')).json()) as { token: string };
    return this.send(method, path, { body, headers: { 'X-CSRF-Token': token } });
  }

  async signIn(options: Record<string, unknown> = {}): Promise<any> {
    const response = await this.act('POST', '/login', options);
    if (response.status !== 200) throw new Error(`The sign-in answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
