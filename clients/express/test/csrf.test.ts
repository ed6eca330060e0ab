import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser, startApp, type TestApp } from './app.js';
import { RealServer } from './server.js';
import { Csrf, preSessionBinding, provenance, sessionBinding } from '../src/core/csrf.js';

describe('where a request comes from', () => {
  const trusted = new Set(['https://admin.shop.example']);
  const cases: [string | null, string | null, string | null, string][] = [
    ['same-origin', null, 'shop.example', 'own'],
    ['none', null, 'shop.example', 'own'],
    [null, null, 'shop.example', 'no-browser'],
    [null, 'https://shop.example', 'shop.example', 'own'],
    [null, 'https://shop.example:443', 'shop.example', 'own'],
    [null, 'http://localhost:8080', 'localhost:8080', 'own'],
    [null, 'http://localhost:8081', 'localhost:8080', 'foreign'],
    [null, 'https://SHOP.example', 'shop.example', 'own'],
    [null, 'https://evil.example', 'shop.example', 'foreign'],
    [null, 'null', 'shop.example', 'foreign'],
    [null, 'https://shop.example', null, 'foreign'],
    ['same-site', 'https://admin.shop.example', 'shop.example', 'trusted'],
    ['cross-site', 'https://admin.shop.example', 'shop.example', 'trusted'],
    ['same-site', 'https://blog.shop.example', 'shop.example', 'foreign'],
    ['cross-site', null, 'shop.example', 'foreign'],
    ['cross-site', 'https://shop.example', 'shop.example', 'foreign'],
    ['nonsense', null, 'shop.example', 'foreign'],
  ];
  for (const [site, origin, host, expected] of cases) {
    test(`Sec-Fetch-Site ${site}, Origin ${origin}, Host ${host}: ${expected}`, () => assert.equal(provenance(site, origin, host, trusted), expected));
  }
});

describe('tokens', () => {
  const [sid, now] = ['BwAAAAAAAAAAAAAAAAAAAA', Date.UTC(2026, 2, 1)];
  test('are good for what they were issued for alone, and each is another text', () => {
    const csrf = new Csrf(['a'.repeat(40)]);
    const [one, two] = [csrf.issue(sessionBinding(sid, 1)), csrf.issue(sessionBinding(sid, 1))];
    assert.notEqual(one, two);
    assert.equal(one.length, 86);
    for (const token of [one, two]) assert.equal(csrf.isValid(sessionBinding(sid, 1), token), true);
    for (const wrong of [null, '', one.slice(1), one + 'A', `${one.slice(0, 85)}${one.endsWith('A') ? 'Q' : 'A'}`]) assert.equal(csrf.isValid(sessionBinding(sid, 1), wrong), false);
    assert.equal(csrf.isValid(sessionBinding(sid, 2), one), false);
  });

  test('the first secret signs, and the others are still accepted', () => {
    const [old, both] = [new Csrf(['a'.repeat(40)]), new Csrf(['b'.repeat(40), 'a'.repeat(40)])];
    assert.equal(both.isValid(sessionBinding(sid, 1), old.issue(sessionBinding(sid, 1))), true);
    assert.equal(old.isValid(sessionBinding(sid, 1), both.issue(sessionBinding(sid, 1))), false);
  });

  test("a visitor's cookie is good for twelve hours, and only if it is ours", () => {
    const csrf = new Csrf(['a'.repeat(40)]);
    const { nonce, header } = csrf.newPreSession(now);
    const value = /^__Host-Http-holdfast-pre=([^;]+); path=\/; secure; httponly; samesite=lax$/.exec(header)![1]!;
    assert.deepEqual(csrf.nonceOf(value, now), nonce);
    assert.equal(csrf.nonceOf(value, now + 12 * 3_600_000), null);
    assert.equal(csrf.nonceOf(`A${value.slice(1)}` === value ? `B${value.slice(1)}` : `A${value.slice(1)}`, now), null);
    assert.equal(new Csrf(['b'.repeat(40)]).nonceOf(value, now), null);
    assert.equal(preSessionBinding(nonce).length, 44);
  });
});

describe('a running application', () => {
  let server: RealServer;
  let app: TestApp;
  before(async () => {
    server = await RealServer.start();
    app = await startApp({ url: server.url, apiKey: server.apiKey, trustedOrigins: ['https://admin.shop.example'] });
  });
  after(async () => {
    await app?.close();
    await server?.stop();
  });

  const tokenOf = async (browser: Browser) => ((await (await browser.send('GET', '/auth/csrf')).json()) as { token: string }).token;

  test('takes the token in the header or the form, and refuses without it', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    const token = await tokenOf(browser);
    assert.equal((await browser.send('POST', '/change', { headers: { 'X-CSRF-Token': token } })).status, 200);
    assert.equal((await browser.send('POST', '/change', { form: { csrf_token: token } })).status, 200);
    for (const wrong of [{}, { headers: { 'X-CSRF-Token': 'x' } }, { form: { csrf_token: `${token}x` } }]) {
      const refused = await browser.send('POST', '/change', wrong);
      assert.deepEqual([refused.status, ((await refused.json()) as any).reason], [403, 'csrf_failed']);
    }
  });

  test('a form on a page of ours works, also for signing out', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    const token = await (await browser.send('GET', '/csrf-form')).text();
    assert.equal((await browser.send('POST', '/auth/logout', { form: { csrf_token: token, scope: 'this' } })).status, 204);
    assert.equal(browser.cookies.has('__Host-Http-holdfast'), false);
  });

  test('another site, a sibling and another port are refused even with the token; a trusted origin is not', async () => {
    const browser = new Browser(app.url);
    await browser.signIn();
    const token = await tokenOf(browser);
    const from = async (headers: Record<string, string>) => (await browser.send('POST', '/change', { headers: { 'X-CSRF-Token': token, ...headers } })).status;
    assert.equal(await from({ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }), 403);
    assert.equal(await from({ 'Sec-Fetch-Site': 'same-site', Origin: 'http://127.0.0.1:1' }), 403);
    assert.equal(await from({ 'Sec-Fetch-Site': 'same-site', Origin: 'https://admin.shop.example' }), 200);
  });

  test('nobody signs a visitor in from another site', async () => {
    const refused = await new Browser(app.url).send('POST', '/login', { body: { user: 'mallory' }, headers: { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' } });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get('vary')?.includes('Sec-Fetch-Site'), true);
  });

  test('programs without cookies need no token, and with a cookie they do', async () => {
    const program = await fetch(`${app.url}/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"transport":"tokens"}' });
    assert.equal(program.status, 200);
    const browser = new Browser(app.url);
    await browser.signIn();
    const cookie = `__Host-Http-holdfast=${browser.cookies.get('__Host-Http-holdfast')}`;
    assert.equal((await fetch(`${app.url}/change`, { method: 'POST', headers: { Cookie: cookie } })).status, 403);
  });

  test('a form from before the session ended is told that, and not csrf_failed', async () => {
    const browser = new Browser(app.url);
    const { sid } = await browser.signIn();
    const token = await tokenOf(browser);
    await app.holdfast.end(sid);
    const refused = await browser.send('POST', '/change', { headers: { 'X-CSRF-Token': token } });
    assert.deepEqual([refused.status, ((await refused.json()) as any).reason], [401, 'session_revoked']);
  });

  test('a token of one session is no token of another', async () => {
    const [one, two] = [new Browser(app.url), new Browser(app.url)];
    for (const browser of [one, two]) await browser.signIn();
    assert.equal((await two.send('POST', '/change', { headers: { 'X-CSRF-Token': await tokenOf(one) } })).status, 403);
  });
});
