import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Browser, startApp, type TestApp } from './app.js';
import { freePort, json, Relay, until } from './server.js';
import { ConfigurationError, createHoldfast, type HoldfastOptions } from '@holdfast/express';

// What the real server cannot be made to do: a stand-in answers instead.
const apiKey = `hfk_${'k'.repeat(48)}`;
const sid = 'BwAAAAAAAAAAAAAAAAAAAA';
const session = { sid, subject: 'ada', tenant: 'default', cv: 1, epoch: 0, claims: {}, amr: [], auth_time: '2026-03-01T09:00:00Z' };
const application = (url: string) => ({ id: 'default', tenant: 'default', audience: url, issuer: url, jwks_uri: `${url}/.well-known/jwks.json`, max_staleness_ms: 1000 });
const feed = (position: number, changes: Record<string, unknown> = {}) => ({ position: `p${position}`, starts_over: false, more: false, age_ms: 0, max_staleness_ms: 1000, now: new Date().toISOString(), entries: [], ...changes });
const cookie = { Cookie: `__Host-Http-holdfast=hfs_${'a'.repeat(66)}` };

describe('an application', () => {
  let app: TestApp | undefined;
  let stand: Relay | undefined;
  afterEach(async () => {
    await app?.close();
    await stand?.stop();
    app = stand = undefined;
  });

  const start = async (answerFeed: (position: number) => unknown, verify: unknown = { status: 'live', session, cookies: [], remember_for_ms: 600_000 }) => {
    stand = await Relay.start(null);
    let position = 0;
    stand.answer = (path, _request, response) => {
      if (path.startsWith('/v1/application')) return json(response, 200, application(stand!.url));
      if (path.startsWith('/v1/verify')) return json(response, 200, verify);
      if (path.startsWith('/v1/activity')) return json(response, 204, '');
      if (path.startsWith('/v1/feed')) return json(response, 200, answerFeed(position++));
      return false;
    };
    app = await startApp({ url: stand.url, apiKey });
    return app;
  };
  const me = async () => (await fetch(`${app!.url}/me`, { headers: cookie })).status;
  const verified = () => stand!.calls.filter(call => call === 'POST /v1/verify').length;
  const pulled = (times: number) => until('the feed was asked', () => stand!.calls.filter(call => call === 'GET /v1/feed').length >= times);

  test('starts without its server, answers 503, says why once, and works when it is there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    app = await startApp({ url, apiKey });
    assert.equal(await me(), 503);
    assert.equal((await new Browser(app.url).send('GET', '/open')).status, 200);
    await until('the log says it', () => app!.log.length > 0);
    assert.match(app.log[0]!, /^warn: the feed of http:\/\/127\.0\.0\.1:\d+ is away/);
  });

  test('with a wrong key answers 503 and names the key, once, and never its text', async () => {
    stand = await Relay.start(null);
    stand.answer = (_path, _request, response) => json(response, 401, { reason: 'api_key_invalid', detail: 'Send Authorization.' });
    app = await startApp({ url: stand.url, apiKey });
    for (let request = 0; request < 3; request++) assert.equal(await me(), 503);
    const errors = app.log.filter(line => line.startsWith('error'));
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, /refuses this application's API key \(api_key_invalid/);
    assert.ok(!app.log.join().includes(apiKey));
  });

  const malformed: Record<string, unknown> = {
    'is no JSON': '<html>',
    'is an array': [],
    'has an unknown kind of entry': feed(1, { entries: [{ kind: 'session_melted', sid }] }),
    'has an entry without a session': feed(1, { entries: [{ kind: 'session_ended' }] }),
    'promises an hour': feed(1, { max_staleness_ms: 3_600_000 }),
    'has no time': feed(1, { now: null }),
    'says more for ever, and nothing': feed(1, { more: true }),
  };
  for (const [what, answer] of Object.entries(malformed)) {
    test(`takes a feed that ${what} for none: each request asks, and nothing is remembered`, async () => {
      await start(() => answer);
      await pulled(2);
      for (let request = 1; request <= 3; request++) {
        assert.equal(await me(), 200);
        assert.equal(verified(), request);
      }
    });
  }

  test('lives through a feed that floods, and trusts memory no more', async () => {
    let next = 0;
    const entries = () => Array.from({ length: 5000 }, () => {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32BE(next++, 4);
      return { kind: 'session_ended', sid: bytes.toString('base64url') };
    });
    await start(position => feed(position, { more: position < 110, entries: position < 110 ? entries() : [] }));
    await until('the flood is over', () => stand!.calls.filter(call => call === 'GET /v1/feed').length > 112, 60_000);
    for (let request = 1; request <= 2; request++) {
      assert.equal(await me(), 200);
      assert.equal(verified(), request);
    }
  });

  test('forgets what it remembered when the feed starts over', async () => {
    let startsOver = false;
    await start(position => {
      const answer = feed(position, { starts_over: startsOver });
      startsOver = false;
      return answer;
    });
    await pulled(2);
    await until('memory answers', async () => {
      const before = verified();
      return (await me()) === 200 && verified() === before;
    });
    startsOver = true;
    await until('the news was taken', () => !startsOver);
    const [before, calls] = [verified(), stand!.calls.length];
    await until('the next question', () => stand!.calls.length > calls);
    assert.equal(await me(), 200);
    assert.equal(verified(), before + 1);
  });

  for (const [what, verify] of Object.entries({ 'no object': [], 'an unknown status': { status: 'perhaps' }, 'a session without a handle': { status: 'live', session: { ...session, sid: 'x' } }, 'an unknown reason': { status: 'invalid', reason: 'because' } })) {
    test(`takes ${what} in place of a verdict for nobody knows`, async () => {
      await start(position => feed(position), verify);
      assert.equal(await me(), 503);
    });
  }

  test('passes a renewed cookie on to all who asked together, and asks for none where a handshake cannot carry it', async () => {
    const header = '__Host-Http-holdfast=hfs_new; path=/; secure; httponly; samesite=lax';
    await start(position => feed(position), { status: 'live', session, cookies: [{ name: '__Host-Http-holdfast', value: 'hfs_new', header }], remember_for_ms: 0 });
    const bodies: any[] = [];
    const answer = stand!.answer!;
    stand!.answer = (path, request, response) => {
      if (path !== '/v1/verify') return answer(path, request, response);
      let body = '';
      request.on('data', chunk => (body += chunk));
      request.on('end', () => {
        bodies.push(JSON.parse(body));
        answer(path, request, response);
      });
      return true;
    };
    const answers = await Promise.all([1, 2, 3].map(() => fetch(`${app!.url}/me`, { headers: cookie })));
    for (const response of answers) assert.deepEqual(response.headers.getSetCookie(), [header]);
    const handshake = { method: 'GET', headers: { cookie: cookie.Cookie, host: 'localhost', origin: 'http://localhost' }, rawHeaders: [], socket: { remoteAddress: '127.0.0.1' } };
    assert.equal((await app!.holdfast.authenticateUpgrade(handshake as unknown as import('node:http').IncomingMessage)).session.subject, 'ada');
    assert.deepEqual(bodies.map(body => [body.renew, body.touch]), [...Array.from({ length: bodies.length - 1 }, () => [true, false]), [false, false]]);
  });

  test('lives on when what was to be done at the end of a session throws', async () => {
    let ended = false;
    await start(position => feed(position, { entries: ended ? [{ kind: 'session_ended', sid }] : [] }));
    const called: string[] = [];
    const open = { ...session, authTime: null, acr: null } as unknown as import('@holdfast/express').Session;
    app!.holdfast.onEnded(open, () => {
      called.push('first');
      throw new Error('a defect of the application');
    });
    app!.holdfast.onEnded(open, () => called.push('second'));
    ended = true;
    await until('both were called', () => called.length === 2);
    assert.ok(app!.log.some(line => line.includes('a defect of the application')));
    assert.equal(await me(), 200);
  });

  test('does not wait for a server that holds every call', async () => {
    stand = await Relay.start(null);
    stand.answer = () => true;
    app = await startApp({ url: stand.url, apiKey, timeoutMs: 200 });
    assert.equal(await me(), 503);
  });

  test('passes refusals to its own handlers, if it wants them', async () => {
    const { default: express } = await import('express');
    const holdfast = createHoldfast({ url: 'http://127.0.0.1:1', apiKey, errors: 'next', log: () => {} });
    const seen: unknown[] = [];
    const own = express().use(holdfast()).get('/', holdfast.requireSession(), (_req, res) => void res.send(''));
    own.use(((error, _req, res, _next) => {
      seen.push(error.name, error.status, error.code, error.headers['WWW-Authenticate']);
      res.status(418).end();
    }) as import('express').ErrorRequestHandler);
    const listening = own.listen(0, '127.0.0.1');
    await until('it listens', () => listening.listening);
    assert.equal((await fetch(`http://127.0.0.1:${(listening.address() as import('node:net').AddressInfo).port}/`)).status, 418);
    assert.deepEqual(seen, ['SessionRequiredError', 401, 'session_missing', 'Bearer']);
    listening.closeAllConnections();
    listening.close();
    await holdfast.close();
  });
});

describe('a setting that cannot work stops the start, and is named', () => {
  const cases: [HoldfastOptions, string, RegExp][] = [
    [{ apiKey: '' }, 'apiKey', /is missing/],
    [{ apiKey: 'hfk_short' }, 'apiKey', /48 characters/],
    [{ url: 'holdfast' }, 'url', /http\(s\)/],
    [{ url: 'ftp://holdfast.example' }, 'url', /http\(s\)/],
    [{ url: 'http://holdfast.example' }, 'url', /plain HTTP/],
    [{ url: 'https://key@holdfast.example' }, 'url', /API key is a setting of its own/],
    [{ authPath: '/auth/' }, 'authPath', /without a slash/],
    [{ trustedOrigins: ['https://shop.example/'] }, 'trustedOrigins', /scheme:\/\/host/],
    [{ trustedOrigins: ['http://shop.example'] }, 'trustedOrigins', /https unless/],
    [{ csrfSecrets: ['short'] }, 'csrfSecrets', /32 characters/],
    [{ timeoutMs: 0 }, 'timeoutMs', /100 to 60000/],
  ];
  for (const [options, setting, rule] of cases) {
    test(`${setting}: ${JSON.stringify(options)}`, () => {
      assert.throws(() => createHoldfast({ apiKey, ...options }), (error: unknown) => error instanceof ConfigurationError && error.setting === setting && rule.test(error.message) && !error.message.includes('hfk_short'));
    });
  }
});
