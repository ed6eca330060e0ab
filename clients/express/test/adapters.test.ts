import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { serve } from '@hono/node-server';
import Fastify from 'fastify';
import { Hono } from 'hono';
import WebSocket, { WebSocketServer } from 'ws';
import { createHoldfast } from '@holdfast/express';
import { createHoldfast as createFastifyHoldfast } from '@holdfast/express/fastify';
import { createHoldfast as createHonoHoldfast } from '@holdfast/express/hono';
import { bearer, Browser } from './app.js';
import { RealServer, until } from './server.js';

let server: RealServer;
before(async () => {
  server = await RealServer.start();
});
after(() => server?.stop());

const options = () => ({ url: server.url, apiKey: server.apiKey, log: () => {} });

async function startFastify() {
  const holdfast = createFastifyHoldfast(options());
  const app = Fastify();
  await app.register(holdfast.plugin);
  app.post('/login', async (request, reply) => {
    const { tokens } = await holdfast.startSession(request, reply, 'ada', request.body as object);
    return tokens ?? {};
  });
  app.post('/logout', async (request, reply) => {
    await holdfast.endSession(request, reply);
    return {};
  });
  app.get('/me', { preHandler: holdfast.requireSession() }, async request => request.auth.session);
  app.get('/admin', { preHandler: holdfast.requireSession({ role: 'admin' }) }, async () => 'admin');
  app.get('/fresh', { preHandler: holdfast.requireFresh({ acr: 'aal2' }) }, async () => 'fresh');
  app.post('/change', async () => ({}));
  app.get('/broken', async () => {
    throw new Error('a defect of the application');
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, close: async () => app.close() };
}

async function startHono() {
  const holdfast = createHonoHoldfast({ ...options(), connection: () => ({ ip: '127.0.0.1' }) });
  const app = new Hono();
  app.use(holdfast());
  app.post('/login', async c => {
    const { tokens } = await holdfast.startSession(c, 'ada', await c.req.json());
    return c.json(tokens ?? {});
  });
  app.post('/logout', async c => {
    await holdfast.endSession(c);
    return c.json({});
  });
  app.get('/me', holdfast.requireSession(), c => c.json(c.get('auth').session));
  app.get('/admin', holdfast.requireSession({ role: 'admin' }), c => c.text('admin'));
  app.get('/fresh', holdfast.requireFresh({ acr: 'aal2' }), c => c.text('fresh'));
  app.post('/change', c => c.json({}));
  app.get('/broken', () => {
    throw new Error('a defect of the application');
  });
  const listening = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await until('it listens', () => listening.address());
  return {
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    close: async () => {
      (listening as import('node:http').Server).closeAllConnections();
      listening.close();
      await holdfast.client.close();
    },
  };
}

for (const [name, start] of Object.entries({ Fastify: startFastify, Hono: startHono })) {
  describe(name, () => {
    let app: { url: string; close(): Promise<unknown> };
    before(async () => {
      app = await start();
    });
    after(() => app?.close());

    const refused = async (response: Response, status: number, reason: string) => {
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.equal(((await response.json()) as any).reason, reason);
    };

    test('signs in, knows the user, protects from other sites, signs out', async () => {
      const browser = new Browser(app.url);
      await refused(await browser.send('GET', '/me'), 401, 'session_missing');
      await browser.signIn();
      const me = await browser.send('GET', '/me');
      assert.deepEqual([((await me.json()) as any).subject, me.headers.get('cache-control')], ['ada', 'no-store']);
      assert.equal((await browser.act('POST', '/change')).status, 200);
      await refused(await browser.send('POST', '/change', { body: {} }), 403, 'csrf_failed');
      await refused(await browser.send('POST', '/change', { body: {}, headers: { 'Sec-Fetch-Site': 'cross-site' } }), 403, 'csrf_failed');
      await refused(await browser.send('GET', '/admin'), 403, 'insufficient_scope');
      const stale = await browser.send('GET', '/fresh');
      assert.match(stale.headers.get('www-authenticate')!, /insufficient_user_authentication/);
      await refused(stale, 401, 'reauthentication_required');
      assert.equal((await browser.act('POST', '/logout')).status, 200);
      assert.equal(browser.cookies.has('__Host-Http-holdfast'), false);
    });

    test('serves the endpoints for browsers', async () => {
      const browser = new Browser(app.url);
      await browser.signIn();
      assert.equal(((await (await browser.send('GET', '/auth/session')).json()) as any).subject, 'ada');
      const { token } = (await (await browser.send('GET', '/auth/csrf')).json()) as { token: string };
      assert.equal((await browser.send('POST', '/auth/logout', { form: { csrf_token: token } })).status, 204);
      await refused(await browser.send('GET', '/auth/nothing'), 404, 'not_found');
    });

    test('takes access tokens, and refreshes them', async () => {
      const tokens = await new Browser(app.url).signIn({ transport: 'tokens' });
      assert.equal((await fetch(`${app.url}/me`, { headers: bearer(tokens.access_token) })).status, 200);
      const refreshed = await fetch(`${app.url}/auth/refresh`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ refresh_token: tokens.refresh_token }) });
      assert.equal(refreshed.status, 200);
    });

    test("leaves the application's own errors to it", async () => {
      assert.equal((await fetch(`${app.url}/broken`)).status, 500);
    });
  });
}

test('a WebSocket opens for who is signed in on our own pages, and closes when the session ends', async () => {
  const holdfast = createHoldfast(options());
  const sockets = new WebSocketServer({ noServer: true });
  const http = createServer().listen(0, '127.0.0.1');
  http.on('upgrade', async (request, socket, head) => {
    try {
      const { session } = await holdfast.authenticateUpgrade(request);
      sockets.handleUpgrade(request, socket, head, open => {
        open.once('close', holdfast.onEnded(session, () => open.close(4401, 'session_revoked')));
        open.send(session.subject);
      });
    } catch (error) {
      holdfast.refuseUpgrade(socket, error);
    }
  });
  await until('it listens', () => http.listening);
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const { session, cookies } = await server.api('POST', '/v1/sessions', { subject: 'ada' });
  const connect = (headers: Record<string, string>) => new Promise<{ open?: WebSocket; said?: string; status?: number }>((resolve, reject) => {
    const open = new WebSocket(url, { headers });
    open.once('message', data => resolve({ open, said: String(data) }));
    open.once('unexpected-response', (_request, response) => resolve({ status: response.statusCode! }));
    open.once('error', reject);
  });
  const cookie = `${cookies[0].name}=${cookies[0].value}`;
  assert.equal((await connect({ Origin: url.replace('ws:', 'http:') })).status, 401);
  assert.equal((await connect({ Cookie: cookie, Origin: 'https://evil.example' })).status, 403);
  const { open, said } = await connect({ Cookie: cookie, Origin: url.replace('ws:', 'http:') });
  assert.equal(said, 'ada');
  const closed = new Promise<number>(resolve => open!.once('close', resolve));
  const from = performance.now();
  await server.api('DELETE', `/v1/sessions/${session.sid}`);
  assert.equal(await closed, 4401);
  assert.ok(performance.now() - from < 30_000, 'the feed told, and not the question that is asked once a minute');
  http.close();
  await holdfast.close();
});

test('a WebSocket goes on where all other sessions of the user were ended', async () => {
  const holdfast = createHoldfast(options());
  const [mine, other] = [await server.api('POST', '/v1/sessions', { subject: 'grace' }), await server.api('POST', '/v1/sessions', { subject: 'grace' })];
  const ended: string[] = [];
  for (const { session } of [mine, other]) holdfast.onEnded({ ...session, authTime: null }, () => ended.push(session.sid));
  await server.api('DELETE', `/v1/subjects/grace/sessions?except=${mine.session.sid}`);
  await until('the other one has ended', () => ended.length > 0);
  assert.deepEqual(ended, [other.session.sid]);
  await server.api('DELETE', `/v1/sessions/${mine.session.sid}`);
  await until('this one has ended, too', () => ended.length === 2);
  await holdfast.close();
});
