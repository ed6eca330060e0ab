import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHoldfast } from '@holdfast/express';
import { bearer, Browser, frameworks, startApp, type TestApp } from './app.js';
import { RealServer, until } from './server.js';

for (const [name, express] of Object.entries(frameworks)) {
  describe(name, () => {
    let server: RealServer;
    let app: TestApp;
    before(async () => {
      server = await RealServer.start({ AccessTokenClaims__0: 'role' });
      app = await startApp({ url: server.url, apiKey: server.apiKey }, express);
    });
    after(async () => {
      await app?.close();
      await server?.stop();
    });

    const problem = async (response: Response, status: number, reason: string) => {
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      const body: any = await response.json();
      assert.equal(body.reason, reason);
      assert.equal(body.type, `urn:holdfast:reason:${reason}`);
      assert.equal(body.status, status);
      return body;
    };

    test('a sign-in gives a cookie that no script reads, and the next request is signed in', async () => {
      const browser = new Browser(app.url);
      const { sid } = await browser.signIn({ role: 'admin' });
      const line = browser.lines.find(one => one.startsWith('__Host-Http-holdfast='))!;
      assert.match(line, /; path=\/; secure; httponly; samesite=lax$/);
      const me: any = await (await browser.send('GET', '/me')).json();
      assert.deepEqual([me.sid, me.subject, me.claims.role], [sid, 'ada', 'admin']);
      assert.equal((await browser.send('GET', '/admin')).status, 200);
    });

    test('a remembered session has a cookie that the browser keeps', async () => {
      const browser = new Browser(app.url);
      await browser.signIn({ remember: true });
      assert.match(browser.lines.find(one => one.startsWith('__Host-Http-holdfast='))!, /max-age=\d+$/);
    });

    test('a visitor passes where nobody is asked for, and is refused behind a guard', async () => {
      const visitor = new Browser(app.url);
      assert.deepEqual(await (await visitor.send('GET', '/open')).json(), { subject: null, refusal: 'session_missing' });
      const refused = await visitor.send('GET', '/me');
      assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
      assert.equal((await problem(refused, 401, 'session_missing')).title, 'Sign in to continue.');
      const page = await visitor.send('GET', '/page', { headers: { Accept: 'text/html' } });
      assert.deepEqual([page.status, page.headers.get('location')], [303, '/login']);
    });

    test('a role that is lacking is 403, one of several is enough', async () => {
      const browser = new Browser(app.url);
      await browser.signIn({ role: 'clerk' });
      await problem(await browser.send('GET', '/admin'), 403, 'insufficient_scope');
      await browser.signIn({ role: 'root' });
      assert.equal((await browser.send('GET', '/admin')).status, 200);
    });

    test('signing in again ends the session that the browser had', async () => {
      const browser = new Browser(app.url);
      await browser.signIn();
      const before = browser.cookies.get('__Host-Http-holdfast')!;
      await browser.signIn();
      assert.notEqual(browser.cookies.get('__Host-Http-holdfast'), before);
      const old = new Browser(app.url);
      old.cookies.set('__Host-Http-holdfast', before);
      await problem(await old.send('GET', '/me'), 401, 'session_revoked');
    });

    test('a cookie that came twice, was cut, or was made up is session_missing', async () => {
      const browser = new Browser(app.url);
      await browser.signIn();
      const cookie = browser.cookies.get('__Host-Http-holdfast')!;
      for (const header of [`__Host-Http-holdfast=${cookie}; __Host-Http-holdfast=${cookie}`, `__Host-Http-holdfast=${cookie.slice(0, -1)}`, `__Host-Http-holdfast=${'x'.repeat(5000)}`, '__Host-Http-holdfast=']) {
        await problem(await fetch(`${app.url}/me`, { headers: { Cookie: header } }), 401, 'session_missing');
      }
    });

    test('signing out ends the session, deletes every cookie and clears the site', async () => {
      const browser = new Browser(app.url);
      await browser.signIn();
      const cookie = browser.cookies.get('__Host-Http-holdfast')!;
      const response = await browser.act('POST', '/auth/logout');
      assert.equal(response.status, 204);
      assert.equal(response.headers.get('clear-site-data'), '"cache", "cookies", "storage"');
      assert.deepEqual([...browser.cookies.keys()].filter(one => one !== '__Host-Http-holdfast-pre'), []);
      await problem(await fetch(`${app.url}/me`, { headers: { Cookie: `__Host-Http-holdfast=${cookie}` } }), 401, 'session_revoked');
    });

    test('clients hold their tokens: sign in, call, refresh, sign out', async () => {
      const client = new Browser(app.url);
      const tokens = await client.signIn({ transport: 'tokens', role: 'admin' });
      assert.deepEqual([tokens.token_type, [...client.cookies.keys()]], ['Bearer', ['__Host-Http-holdfast-pre']]);
      const call = (token: string, method = 'GET', path = '/me') => fetch(app.url + path, { method, headers: bearer(token) });
      const me: any = await (await call(tokens.access_token)).json();
      assert.deepEqual([me.subject, me.claims.role], ['ada', 'admin']);
      assert.equal((await call(tokens.access_token, 'POST', '/change')).status, 200, 'a bearer token needs no CSRF token');
      const refreshed: any = await (await fetch(`${app.url}/auth/refresh`, { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }) })).json();
      assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
      assert.equal((await call(refreshed.access_token)).status, 200);
      assert.equal((await call(refreshed.access_token, 'POST', '/auth/logout')).status, 204);
      await problem(await call(refreshed.access_token), 401, 'session_revoked');
      const late = await fetch(`${app.url}/auth/refresh`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ refresh_token: refreshed.refresh_token }) });
      assert.equal((await problem(late, 401, 'token_invalid')).error, 'invalid_grant');
    });

    test('tokens in cookies: the refresh token goes to the endpoints alone, is answered in cookies, and needs a CSRF token', async () => {
      const browser = new Browser(app.url);
      await browser.signIn({ transport: 'token-cookies' });
      assert.match(browser.lines.find(one => one.startsWith('__Secure-holdfast-rt='))!, /; path=\/auth; secure; httponly; samesite=lax/);
      assert.equal((await browser.send('GET', '/me')).status, 200);
      const { token }: any = await (await browser.send('GET', '/auth/csrf')).json();
      browser.cookies.delete('__Host-Http-holdfast-at');
      await problem(await browser.send('POST', '/auth/refresh'), 403, 'csrf_failed');
      const refreshed = await browser.send('POST', '/auth/refresh', { headers: { 'X-CSRF-Token': token } });
      assert.equal(refreshed.status, 204);
      assert.equal((await browser.send('GET', '/me')).status, 200);

      browser.cookies.delete('__Host-Http-holdfast-at');
      assert.equal((await browser.act('POST', '/auth/logout')).status, 204);
      assert.equal(browser.cookies.has('__Secure-holdfast-rt'), false);
    });

    test('a refresh token is never answered in another way than it is kept', async () => {
      const browser = new Browser(app.url);
      await browser.signIn({ transport: 'token-cookies' });
      const stolen = browser.cookies.get('__Secure-holdfast-rt')!;
      await problem(await fetch(`${app.url}/auth/refresh`, { method: 'POST', body: new URLSearchParams({ refresh_token: stolen }) }), 401, 'token_invalid');
    });

    test('the endpoints say who I am and which devices I have, and end another one', async () => {
      const [here, there] = [new Browser(app.url), new Browser(app.url)];
      await here.signIn({ user: 'grace' });
      const { sid } = await there.signIn({ user: 'grace' });
      const session: any = await (await here.send('GET', '/auth/session')).json();
      assert.deepEqual([session.subject, session.tenant, session.current, typeof session.idle_expires_at], ['grace', 'default', true, 'string']);
      assert.match(session.device.name, /Firefox/);
      const { sessions }: any = await (await here.send('GET', '/auth/sessions')).json();
      assert.deepEqual(sessions.map((one: any) => one.current).sort(), [false, true]);
      assert.equal((await here.act('DELETE', `/auth/sessions/${sid}`)).status, 204);
      await problem(await there.send('GET', '/me'), 401, 'session_revoked');
      await problem(await here.act('DELETE', '/auth/sessions/nonsense'), 400, 'invalid_request');
    });

    test('nobody ends the session of another user', async () => {
      const [mine, theirs] = [new Browser(app.url), new Browser(app.url)];
      await mine.signIn({ user: 'eve' });
      const { sid } = await theirs.signIn({ user: 'bob' });
      assert.equal((await mine.act('DELETE', `/auth/sessions/${sid}`)).status, 204);
      assert.equal((await theirs.send('GET', '/me')).status, 200);
    });

    test('signing out the others keeps this one, signing out all keeps none', async () => {
      const [here, there] = [new Browser(app.url), new Browser(app.url)];
      for (const browser of [here, there]) await browser.signIn({ user: 'carol/δ' });
      assert.equal((await here.act('POST', '/auth/logout', { scope: 'others' })).status, 204);
      assert.equal((await here.send('GET', '/me')).status, 200);
      await problem(await there.send('GET', '/me'), 401, 'session_revoked');
      await there.signIn({ user: 'carol/δ' });
      assert.equal((await here.act('POST', '/auth/logout', { scope: 'all' })).status, 204);
      await problem(await there.send('GET', '/me'), 401, 'session_revoked');
      await problem(await there.act('POST', '/auth/logout', { scope: 'some' }), 400, 'invalid_request');
    });

    test('the endpoints answer what they do not know', async () => {
      const browser = new Browser(app.url);
      await problem(await browser.send('GET', '/auth/nothing'), 404, 'not_found');
      const wrong = await browser.send('GET', '/auth/logout');
      assert.equal(wrong.headers.get('allow'), 'POST');
      await problem(wrong, 405, 'invalid_request');
      await problem(await fetch(`${app.url}/auth/refresh`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'refresh' }), 415, 'invalid_request');
      await problem(await fetch(`${app.url}/auth/refresh`, { method: 'POST', body: new URLSearchParams([['refresh_token', 'a'], ['refresh_token', 'b']]) }), 400, 'invalid_request');
    });

    test('a step-up gives a new cookie, kills old CSRF tokens, and opens what asked for it', async () => {
      const browser = new Browser(app.url);
      await browser.signIn();
      const refused = await browser.send('GET', '/fresh');
      assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="300"');
      await problem(refused, 401, 'reauthentication_required');
      const { token }: any = await (await browser.send('GET', '/auth/csrf')).json();
      assert.equal((await browser.send('POST', '/step-up', { body: {}, headers: { 'X-CSRF-Token': token } })).status, 200);
      assert.equal((await browser.send('GET', '/fresh')).status, 200);
      await problem(await browser.send('POST', '/change', { body: {}, headers: { 'X-CSRF-Token': token } }), 403, 'csrf_failed');
    });

    test('data is kept by field, and nobody without a session has any', async () => {
      const browser = new Browser(app.url);
      await browser.signIn();
      assert.equal((await browser.act('PUT', '/data/cart', { value: [{ id: 7 }] })).status, 204);
      assert.equal((await browser.act('PUT', '/data/theme', { value: 'dark' })).status, 204);
      assert.deepEqual(await (await browser.send('GET', '/data/cart')).json(), [{ id: 7 }]);
      assert.equal((await browser.act('DELETE', '/data/cart')).status, 204);
      assert.equal(await (await browser.send('GET', '/data/cart')).json(), null);
      assert.equal(await (await browser.send('GET', '/data/theme')).json(), 'dark');
      assert.equal((await browser.act('PUT', '/data/half', { value: 'x'.repeat(40_000) })).status, 204);
      await problem(await browser.act('PUT', '/data/more', { value: 'x'.repeat(40_000) }), 413, 'data_too_large');
      await problem(await new Browser(app.url).send('GET', '/data/cart'), 401, 'session_missing');
    });

    test('one session is limited, and others are not', async () => {
      const [busy, calm] = [new Browser(app.url), new Browser(app.url)];
      for (const browser of [busy, calm]) await browser.signIn();
      const answers = [];
      for (let request = 0; request < 4; request++) answers.push(await busy.send('GET', '/limited'));
      assert.equal(answers[0]!.status, 200);
      assert.equal(answers[3]!.headers.get('retry-after'), '1');
      await problem(answers[3]!, 429, 'rate_limited');
      assert.equal((await calm.send('GET', '/limited')).status, 200);
    });

    test('the pieces work by themselves, and the endpoints are nowhere but at their path', async () => {
      const holdfast = createHoldfast({ url: server.url, apiKey: server.apiKey, log: () => {} });
      const own = express();
      own.use(holdfast.attach());
      own.use('/auth', holdfast.authRouter());
      own.use('/elsewhere', holdfast.authRouter());
      own.post('/open', (_req, res) => void res.send('unprotected'));
      own.post('/change', holdfast.csrf(), (_req, res) => void res.send('changed'));
      const listening = own.listen(0, '127.0.0.1');
      await until('it listens', () => listening.listening);
      try {
        const browser = new Browser(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`);
        const { cookies } = await server.api('POST', '/v1/sessions', { subject: 'ada' });
        browser.cookies.set(cookies[0].name, cookies[0].value);
        assert.equal(((await (await browser.send('GET', '/auth/session')).json()) as any).subject, 'ada');
        assert.equal((await browser.send('GET', '/elsewhere/session')).status, 500);
        assert.equal((await browser.send('POST', '/open')).status, 200);
        await problem(await browser.send('POST', '/change'), 403, 'csrf_failed');
        assert.equal((await browser.act('POST', '/change')).status, 200);
        await problem(await browser.send('POST', '/auth/logout'), 403, 'csrf_failed');
        assert.equal((await browser.act('POST', '/auth/logout')).status, 204);
      } finally {
        listening.closeAllConnections();
        listening.close();
        await holdfast.close();
      }
    });

    test('credentials over plain HTTP for another host are refused, unless a trusted proxy says that it was HTTPS', async () => {
      const holdfast = createHoldfast({ url: server.url, apiKey: server.apiKey, log: () => {} });
      const own = express().use(holdfast()).get('/', (_req, res) => void res.send('here'));
      const listening = own.listen(0, '127.0.0.1');
      await until('it listens', () => listening.listening);
      const get = (headers: Record<string, string>) => new Promise<number>(resolve => {
        http.get({ host: '127.0.0.1', port: (listening.address() as AddressInfo).port, headers: { Host: 'shop.example', ...headers } }, response => resolve(response.resume().statusCode!));
      });
      try {
        const credential = { Authorization: 'Bearer none' };
        assert.deepEqual([await get({}), await get(credential), await get({ ...credential, 'X-Forwarded-Proto': 'https' })], [200, 400, 400]);
        own.set('trust proxy', 'loopback');
        assert.equal(await get({ ...credential, 'X-Forwarded-Proto': 'https' }), 200);
      } finally {
        listening.closeAllConnections();
        listening.close();
        await holdfast.close();
      }
    });

    test('a failed sign-in is told to the server, which takes it', async () => {
      assert.equal((await new Browser(app.url).act('POST', '/failed')).status, 401);
    });

    test('what the user does keeps the session alive, and a poll or a refused request does not', async () => {
      const [busy, idle] = [new Browser(app.url), new Browser(app.url)];
      const [seen, unseen] = [(await busy.signIn()).sid, (await idle.signIn()).sid];
      const lastSeen = async (sid: string) => (await server.api('GET', `/v1/sessions/${sid}`)).last_seen_at;
      const [began, rested] = [await lastSeen(seen), await lastSeen(unseen)];
      for (const path of ['/poll', '/auth/session', '/admin']) await idle.send('GET', path);
      await busy.send('GET', '/me');
      await until('the activity was told', async () => (await lastSeen(seen)) !== began);
      assert.equal(await lastSeen(unseen), rested);
    });
  });
}
