import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Browser } from './app.js';
import { freePort, RealServer, repository, until } from './server.js';

// Each diff of docs/migrate.md is two programs, which a browser uses in the same way.
const page = readFileSync(path.join(repository, 'docs/migrate.md'), 'utf8');
const diffOf = (mark: string) => [...page.matchAll(/^```diff\n(.*?)^```/gms)].map(block => block[1]!.split('\n')).find(lines => lines.some(line => line.includes(mark)))!;
const side = (lines: string[], without: '-' | '+') => lines.filter(line => !line.startsWith(without)).map(line => line.slice(1)).join('\n');

describe('docs/migrate.md', () => {
  let server: RealServer;
  let child: ChildProcess | undefined;
  before(async () => {
    server = await RealServer.start();
  });
  afterEach(async () => {
    if (child === undefined) return;
    const gone = new Promise(resolve => child!.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    child = undefined;
  });
  after(() => server?.stop());

  const start = async (text: string) => {
    const port = await freePort();
    mkdirSync('.build/migrate', { recursive: true });
    writeFileSync('.build/migrate/program.mjs', text);
    child = spawn(process.execPath, ['.build/migrate/program.mjs'], {
      stdio: ['ignore', 'inherit', 'ignore'],
      env: { ...process.env, PORT: String(port), HOLDFAST_URL: server.url, HOLDFAST_API_KEY: server.apiKey, SESSION_SECRET: 'a secret of the old application' },
    });
    const browser = new Browser(`http://localhost:${port}`);
    await until('the program serves', () => browser.send('GET', '/me').then(() => true, () => false));
    return browser;
  };

  const use = async (browser: Browser, post: (path: string, body?: unknown) => Promise<Response>) => {
    const me = async () => (await browser.send('GET', '/me')).status;
    assert.equal(await me(), 401);
    assert.equal((await post('/sign-in', { user: 'ada', password: 'wrong' })).status, 401);
    assert.equal((await post('/sign-in', { user: 'ada', password: 'Correct-horse-1' })).status, 204);
    assert.equal(await (await browser.send('GET', '/me')).text(), 'ada');
    assert.deepEqual(await (await post('/cart', { item: 'tea' })).json(), ['tea']);
    assert.deepEqual(await (await post('/cart', { item: 'milk' })).json(), ['tea', 'milk']);
    assert.equal((await post('/sign-out')).status, 204);
    assert.equal(await me(), 401);
  };

  test('express-session before', async () => {
    const browser = await start(side(diffOf('express-session'), '+'));
    await use(browser, (path, body = {}) => browser.send('POST', path, { body }));
  });

  for (const [name, mark] of [['express-session', 'express-session'], ['SuperTokens', 'supertokens']] as const) {
    test(`${name} after: the same, by way of Holdfast`, async () => {
      const browser = await start(side(diffOf(mark), '-'));
      await use(browser, (path, body) => browser.act('POST', path, body));
    });
  }
});
