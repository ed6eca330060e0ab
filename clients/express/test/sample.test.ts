import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bearer, Browser } from './app.js';
import { freePort, RealServer, repository, until } from './server.js';

// The sample as it is, with this package in the place where its own installation would put it.
describe('the sample', () => {
  let server: RealServer;
  let sample: ChildProcess;
  let url: string;
  before(async () => {
    createRequire(path.join(repository, 'samples/express/server.js')).resolve('@holdfast/express');
    server = await RealServer.start({ AccessTokenClaims__0: 'name' });
    const port = await freePort();
    url = `http://localhost:${port}`;
    sample = spawn(process.execPath, [path.join(repository, 'samples/express/server.js')], { stdio: 'inherit', env: { ...process.env, PORT: String(port), HOLDFAST_URL: server.url, HOLDFAST_API_KEY: server.apiKey } });
    await until('the sample serves', () => fetch(`${url}/login`).then(response => response.ok, () => false));
  });
  after(async () => {
    if (sample) {
      const gone = new Promise(resolve => sample.once('exit', resolve));
      sample.kill('SIGTERM');
      await gone;
    }
    await server?.stop();
  });

  const tokenOn = async (page: Response) => /name="csrf_token" value="([^"]+)"/.exec(await page.text())![1]!;
  const signIn = async (browser: Browser, fields: Record<string, string> = {}) =>
    browser.send('POST', '/login', { form: { email: 'ada@example.org', password: 'Correct-horse-1', csrf_token: await tokenOn(await browser.send('GET', '/login')), ...fields } });

  test('shows its page to who is signed in, and the form to others', async () => {
    const browser = new Browser(url);
    const home = await browser.send('GET', '/', { headers: { Accept: 'text/html' } });
    assert.deepEqual([home.status, home.headers.get('location')], [303, '/login']);
    const done = await signIn(browser);
    assert.deepEqual([done.status, done.headers.get('location')], [303, '/']);
    const page = await browser.send('GET', '/');
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.match(await page.text(), /class="private">Ada<\/span>/);
    for (const file of ['app.js', 'style.css', 'icon.svg', 'holdfast-browser.js']) assert.equal((await browser.send('GET', `/shared/${file}`)).status, 200);
  });

  test('a wrong password shows the form again, with the error', async () => {
    const browser = new Browser(url);
    const refused = await signIn(browser, { password: '"><script>' });
    assert.equal(refused.status, 401);
    assert.match(await refused.text(), /The e-mail address or the password is wrong\./);
    const json = await fetch(`${url}/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.org', password: 'no' }) });
    assert.deepEqual([json.status, ((await json.json()) as any).detail], [401, 'The e-mail address or the password is wrong.']);
  });

  for (const transport of ['cookie', 'token-cookies']) {
    test(`keeps notes with the session (${transport})`, async () => {
      const browser = new Browser(url);
      await signIn(browser, { transport, email: `grace+${transport.length}@example.org` });
      assert.deepEqual(await (await browser.act('POST', '/api/notes', { text: 'first' })).json(), { notes: ['first'] });
      const form = { text: 'second', csrf_token: await tokenOn(await browser.send('GET', '/')) };
      assert.equal((await browser.send('POST', '/api/notes', { form })).status, 200);
      const me: any = await (await browser.send('GET', '/api/me')).json();
      assert.deepEqual([me.name, me.notes], ['Grace', ['first', 'second']]);
      assert.equal((await browser.act('POST', '/api/notes', { text: '' })).status, 400);
    });
  }

  test('changes the transport without leaving a cookie of the other one', async () => {
    const browser = new Browser(url);
    await signIn(browser);
    await signIn(browser, { transport: 'token-cookies' });
    assert.equal(browser.cookies.has('__Host-Http-holdfast'), false);
    assert.equal((await browser.send('GET', '/api/me')).status, 200);
    await signIn(browser);
    assert.deepEqual(['__Host-Http-holdfast-at', '__Secure-holdfast-rt'].map(name => browser.cookies.has(name)), [false, false]);
    assert.equal((await browser.send('GET', '/api/me')).status, 200);
  });

  test('gives tokens to clients that are no browsers', async () => {
    const tokens: any = await (await fetch(`${url}/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.org', password: 'Correct-horse-1' }) })).json();
    const me: any = await (await fetch(`${url}/api/me`, { headers: bearer(tokens.access_token) })).json();
    assert.deepEqual([me.subject, me.name], ['ada', 'Ada']);
  });
});
