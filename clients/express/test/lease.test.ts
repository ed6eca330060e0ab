import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { generateKeyPair, SignJWT } from 'jose';
import { bearer, Browser, startApp, type TestApp } from './app.js';
import { json, RealServer, Relay, until } from './server.js';
import { Client } from '../src/core/client.js';
import { systemClock } from '../src/core/lease.js';

const bound = 1000;

describe('a process beside the real server', () => {
  let server: RealServer;
  let relay: Relay;
  let app: TestApp;
  before(async () => {
    server = await RealServer.start();
    relay = await Relay.start(server.url);
    app = await startApp({ url: relay.url, apiKey: server.apiKey });
    await following();
  });
  afterEach(async () => {
    relay.answer = undefined;
    server.resume();
  });
  after(async () => {
    await app?.close();
    await relay?.stop();
    await server?.stop();
  });

  const status = async (browser: Browser) => (await browser.send('GET', '/me')).status;
  const following = async () => {
    const from = relay.calls.length;
    await until('the feed was asked twice', () => relay.calls.slice(from).filter(call => call === 'GET /v1/feed').length > 2);
  };

  // No request that is sent later than the bound is let through, however slow this machine is.
  const refusedWithinBound = async (check: () => Promise<number>) => {
    const ended = performance.now();
    let lastLetThrough = ended;
    await until('the session is refused', async () => {
      const sent = performance.now();
      const answered = await check();
      if (answered === 200) lastLetThrough = sent;
      return answered === 401;
    });
    assert.ok(lastLetThrough - ended < bound, `one was let through after ${lastLetThrough - ended} ms`);
  };

  test('a cookie is verified once, and then from memory', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    relay.calls.length = 0;
    for (let request = 0; request < 20; request++) assert.equal(await status(browser), 200);
    assert.deepEqual(relay.checks.filter(call => call !== 'POST /v1/activity'), ['POST /v1/verify']);
  });

  test('an access token is verified here, also for the first time', async () => {
    const { access_token: token } = await new Browser(app.url).signIn({ transport: 'tokens' });
    relay.calls.length = 0;
    for (let request = 0; request < 20; request++) assert.equal((await fetch(`${app.url}/me`, { headers: bearer(token) })).status, 200);
    assert.deepEqual(relay.checks.filter(call => call !== 'POST /v1/activity'), []);
  });

  test('who comes at the same time asks once', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    relay.calls.length = 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => status(browser)));
    assert.deepEqual([...new Set(answers)], [200]);
    assert.deepEqual(relay.checks.filter(call => call === 'POST /v1/verify').length, 1);
  });

  test('a session that another backend ended is refused within the bound, whichever credential it has', async () => {
    const [cookie, tokens] = [new Browser(app.url), new Browser(app.url)];
    const { sid } = await cookie.signIn();
    const { access_token: token } = await tokens.signIn({ user: 'grace', transport: 'tokens' });
    const withToken = () => fetch(`${app.url}/me`, { headers: bearer(token) });
    const tokenSid = ((await (await withToken()).json()) as any).sid;
    for (const [one, check] of [[sid, () => status(cookie)], [tokenSid, async () => (await withToken()).status]] as const) {
      assert.equal(await check(), 200);
      await server.api('DELETE', `/v1/sessions/${one}`);
      await refusedWithinBound(check);
    }
  });

  test('ending all sessions of a user reaches memory, and a new sign-in is good at once', async () => {
    const [before, later] = [new Browser(app.url), new Browser(app.url)];
    await before.signIn({ user: 'carol' });
    assert.equal(await status(before), 200);
    await server.api('DELETE', '/v1/subjects/carol/sessions');
    await refusedWithinBound(() => status(before));
    await later.signIn({ user: 'carol' });
    assert.equal(await status(later), 200);
  });

  test('what this process ended is over when the call returns, while the feed is silent', async () => {
    const browsers = [new Browser(app.url), new Browser(app.url), new Browser(app.url)];
    const sids: string[] = [];
    for (const browser of browsers) sids.push((await browser.signIn({ user: 'dave' })).sid);
    for (const browser of browsers) assert.equal(await status(browser), 200);
    relay.answer = path => path.startsWith('/v1/feed');
    await app.holdfast.end(sids[0]!);
    assert.equal(await status(browsers[0]!), 401);
    await app.holdfast.endAll('dave', { except: sids[1]! });
    assert.deepEqual([await status(browsers[1]!), await status(browsers[2]!)], [200, 401]);
  });

  test('while the feed is away each request asks, and sessions stay good and refusable', async () => {
    const browser = new Browser(app.url);
    const { sid } = await browser.signIn();
    assert.equal(await status(browser), 200);
    relay.answer = path => path.startsWith('/v1/feed');
    await until('memory answers no more', async () => {
      relay.calls.length = 0;
      await status(browser);
      return relay.checks.includes('POST /v1/verify');
    });
    await server.api('DELETE', `/v1/sessions/${sid}`);
    assert.equal(await status(browser), 401);
    relay.answer = undefined;
    await following();
    assert.ok(app.log.some(line => line.startsWith('info: the feed is back')), app.log.join('\n'));
  });

  test('while the server is silent the answer is 503, no cookie goes, and nobody is signed out', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    assert.equal(await status(browser), 200);
    server.stall();
    const refused = await until('the lease has ended', async () => {
      const response = await browser.send('GET', '/me');
      return response.status === 503 ? response : null;
    });
    assert.deepEqual([refused.headers.get('retry-after'), ((await refused.json()) as any).reason, refused.headers.getSetCookie()], ['1', 'store_unavailable', []]);
    const logout = await browser.send('POST', '/auth/logout');
    assert.deepEqual([logout.status, logout.headers.getSetCookie()], [503, []]);
    assert.equal((await new Browser(app.url).send('GET', '/open')).status, 200, 'visitors need nobody');
    server.resume();
    await until('it works again', async () => (await status(browser)) === 200);
  });

  test('429 and 5xx are nobody knows, and so is a key that is refused', async () => {
    for (const answered of [429, 500, 502, 503, 401]) {
      const browser = new Browser(app.url);
      await browser.signIn();
      relay.answer = (path, _request, response) => path.startsWith('/v1/verify') && json(response, answered, { reason: 'api_key_invalid' });
      assert.equal(await status(browser), 503);
      relay.answer = undefined;
      assert.equal(await status(browser), 200);
    }
  });

  test('an answer that was under way while the session ended is not believed', async () => {
    const browser = new Browser(app.url);
    const { sid } = await browser.signIn();
    let release: (() => void) | undefined;
    let held = '';
    relay.answer = (path, request, response) => {
      if (path !== '/v1/verify' || held !== '') return false;
      let body = '';
      request.on('data', chunk => (body += chunk));
      request.on('end', async () => {
        held = JSON.stringify(await server.api('POST', path, JSON.parse(body)));
        await new Promise<void>(resolve => (release = resolve));
        json(response, 200, held);
      });
      return true;
    };
    const checking = status(browser);
    await until('the server has said live', () => release);
    assert.match(held, /"live"/);
    await app.holdfast.end(sid);
    release!();
    assert.equal(await checking, 401);
  });

  test('a token that the server has refused is not called live before the feed has told why', async () => {
    const { access_token: token } = await new Browser(app.url).signIn({ transport: 'tokens' });
    let now = { monotonic: 0, wall: Date.now() };
    const own = await Relay.start(server.url);
    const client = new Client({ url: own.url, apiKey: server.apiKey, log: () => {} }, () => now);
    const check = async () => client.open({ method: 'GET', headers: new Headers(bearer(token)), ip: undefined, secure: true }, new Headers());
    try {
      await until('it follows', () => client.freshness.mayAnswer(now));
      await client.follower.loadKeys();
      const { sid } = (await check()).session!;
      own.answer = path => path.startsWith('/v1/feed');
      own.calls.length = 0;
      await until('the feed is silent', () => own.calls.includes('GET /v1/feed'));
      now = { monotonic: 5000, wall: now.wall + 5000 };
      await server.api('DELETE', `/v1/sessions/${sid}`);
      assert.equal((await check()).refusal, 'session_revoked');
      const before = { position: client.freshness.position, starts_over: false, more: false, age_ms: 500, max_staleness_ms: 1000, now: new Date(), entries: [] };
      assert.equal(client.freshness.take(now, now, JSON.parse(JSON.stringify(before))), 'renewed');
      assert.ok(client.freshness.mayAnswer(now));
      assert.equal((await check()).refusal, 'session_revoked');
    } finally {
      await client.close();
      await own.stop();
    }
  });

  test('a server that was killed and came back is followed again', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    await server.restart();
    await until('it works again', async () => (await status(browser)) === 200);
    await following();
    relay.calls.length = 0;
    await status(browser);
    await until('memory answers again', async () => {
      relay.calls.length = 0;
      await status(browser);
      return !relay.checks.includes('POST /v1/verify');
    });
  });

  test('keys that change are read again when a token names one that is not known', async () => {
    const keys = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    const old = { keys: keys.keys.map(key => ({ ...key, kid: `old-${key.kid}` })) };
    let serveOld = true;
    const own = await Relay.start(server.url);
    own.answer = (path, _request, response) => {
      if (path === '/.well-known/jwks.json' && serveOld) return json(response, 200, old);
      if (path !== '/v1/application') return false;
      server.api('GET', path).then(application => json(response, 200, { ...application, jwks_uri: `${own.url}/.well-known/jwks.json` }));
      return true;
    };
    const second = await startApp({ url: own.url, apiKey: server.apiKey });
    try {
      await until('the old keys are read', () => own.calls.includes('GET /.well-known/jwks.json'));
      const { access_token: token } = await new Browser(second.url).signIn({ transport: 'tokens' });
      serveOld = false;
      await until('the feed is followed', () => own.calls.filter(call => call === 'GET /v1/feed').length > 1);
      own.calls.length = 0;
      for (let request = 0; request < 3; request++) assert.equal((await fetch(`${second.url}/me`, { headers: bearer(token) })).status, 200);
      assert.deepEqual(own.checks.filter(call => call !== 'POST /v1/activity'), ['GET /.well-known/jwks.json']);
    } finally {
      await second.close();
      await own.stop();
    }
  });

  test('a token of another issuer, or under a key of nobody, is refused, and the keys are not read again for each', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const application = await server.api('GET', '/v1/application');
    const own = await Relay.start(server.url);
    own.answer = (path, _request, response) => path === '/v1/application' && json(response, 200, { ...application, jwks_uri: `${own.url}/.well-known/jwks.json` });
    const second = await startApp({ url: own.url, apiKey: server.apiKey });
    try {
      await until('the keys are read', () => own.calls.includes('GET /.well-known/jwks.json'));
      own.calls.length = 0;
      for (const issuer of ['https://evil.example', application.issuer]) {
        for (const kid of ['one', 'two', 'three']) {
          const token = await new SignJWT({ sid: 'BwAAAAAAAAAAAAAAAAAAAA', tenant: 'default', cv: 1, epoch: 0, gen: 0, client_id: 'default' })
            .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).setIssuer(issuer).setAudience(application.audience).setSubject('ada').setJti(kid).setIssuedAt().setExpirationTime('5m').sign(privateKey);
          const refused = await fetch(`${second.url}/me`, { headers: bearer(token) });
          assert.deepEqual([refused.status, ((await refused.json()) as any).reason, refused.headers.get('www-authenticate')], [401, 'token_invalid', 'Bearer error="invalid_token"']);
        }
      }

      assert.ok(own.calls.filter(call => call === 'GET /.well-known/jwks.json').length <= 3);
    } finally {
      await second.close();
      await own.stop();
    }
  });

  test('where the server names another issuer than its tokens do, or keys over plain HTTP elsewhere, it is asked itself', async () => {
    const application = await server.api('GET', '/v1/application');
    const { access_token: token } = await new Browser(app.url).signIn({ transport: 'tokens' });
    for (const wrong of [{ issuer: 'https://other.example' }, { jwks_uri: 'http://keys.example/jwks.json' }]) {
      const own = await Relay.start(server.url);
      own.answer = (path, _request, response) => path === '/v1/application' && json(response, 200, { ...application, ...wrong });
      const second = await startApp({ url: own.url, apiKey: server.apiKey });
      try {
        await until('the feed is followed', () => own.calls.filter(call => call === 'GET /v1/feed').length > 1);
        assert.equal((await fetch(`${second.url}/me`, { headers: bearer(token) })).status, 200);
        assert.ok(own.calls.includes('POST /v1/verify'));
        if (wrong.jwks_uri) assert.ok(second.log.some(line => line.includes('jwks_uri of plain HTTP (http://keys.example)')), second.log.join('\n'));
      } finally {
        await second.close();
        await own.stop();
      }
    }
  });

  test("a clock that is ten minutes off changes nothing: the server's time counts", async () => {
    const { access_token: token } = await new Browser(app.url).signIn({ transport: 'tokens' });
    for (const off of [-600_000, 600_000]) {
      const counted = await Relay.start(server.url);
      const client = new Client({ url: counted.url, apiKey: server.apiKey, log: () => {} }, () => ({ ...systemClock(), wall: Date.now() + off }));
      try {
        await until('it follows', () => client.freshness.mayAnswer(systemClockWith(off)));
        await client.follower.loadKeys();
        const auth = await client.open({ method: 'GET', headers: new Headers(bearer(token)), ip: undefined, secure: true }, new Headers());
        assert.equal(auth.session?.subject, 'ada');
        assert.ok(Math.abs(client.now() - Date.now()) < 5000);
        assert.ok(!counted.calls.includes('POST /v1/verify'));
      } finally {
        await client.close();
        await counted.stop();
      }
    }
  });

  test('a process that has nothing else to do tells what it saw, and exits, also when nobody listens', async () => {
    const browser = new Browser(app.url);
    const { sid } = await browser.signIn();
    const cookie = `__Host-Http-holdfast=${browser.cookies.get('__Host-Http-holdfast')}`;
    const first = (await server.api('GET', `/v1/sessions/${sid}`)).last_seen_at;
    const script = `
      import express from 'express';
      import { createHoldfast } from '@holdfast/express';
      const holdfast = createHoldfast();
      const app = express().use(holdfast()).get('/', holdfast.requireSession(), (req, res) => res.send('here'));
      const server = app.listen(0, '127.0.0.1', async () => {
        const response = await fetch('http://127.0.0.1:' + server.address().port, { headers: { Cookie: process.env.COOKIE } });
        console.log(response.status, await response.text());
        server.close();
        server.closeAllConnections();
      });`;
    const exits = async (url: string) => (await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 60_000, env: { ...process.env, HOLDFAST_URL: url, HOLDFAST_API_KEY: server.apiKey, COOKIE: cookie } })).stdout;
    relay.answer = (path, _request, response) => path === '/v1/activity' && json(response, 503, {});
    assert.equal(await exits(relay.url), '200 here\n');
    assert.equal((await server.api('GET', `/v1/sessions/${sid}`)).last_seen_at, first);
    assert.equal(await exits(server.url), '200 here\n');
    await until('the server knows', async () => (await server.api('GET', `/v1/sessions/${sid}`)).last_seen_at !== first);
  });
});

const systemClockWith = (off: number) => ({ ...systemClock(), wall: Date.now() + off });
