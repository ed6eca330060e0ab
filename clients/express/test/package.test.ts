import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import WebSocket from 'ws';
import { bearer, Browser } from './app.js';
import { freePort, RealServer, repository, until } from './server.js';

const run = promisify(execFile);
const blocks = (file: string, language: string) => [...readFileSync(path.join(repository, file), 'utf8').matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(block => block[1]!);
const readme = blocks('clients/express/README.md', 'js')[0]!;

describe('the packed package in an empty project', () => {
  const project = mkdtempSync(path.join(tmpdir(), 'holdfast-pack-'));
  let server: RealServer;
  let child: ChildProcess | undefined;
  before(async () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', project]);
    writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
    const needed = ['express', '@types/express', '@types/node', 'ws', '@types/ws', 'typescript'].map(name => `${name}@${devDependencies[name]}`);
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', `./${stdout.trim()}`, ...needed], { cwd: project });
    server = await RealServer.start();
  });
  after(async () => {
    await stop();
    await server?.stop();
    rmSync(project, { recursive: true, force: true });
  });

  const stop = async () => {
    if (child === undefined) return;
    const gone = new Promise(resolve => child!.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    child = undefined;
  };

  const start = async (file: string, text: string) => {
    await stop();
    writeFileSync(path.join(project, file), text);
    const port = await freePort();
    child = spawn(process.execPath, [file], { cwd: project, stdio: 'inherit', env: { ...process.env, PORT: String(port), HOLDFAST_URL: server.url, HOLDFAST_API_KEY: server.apiKey } });
    const url = `http://localhost:${port}`;
    await until(`${file} serves`, () => fetch(`${url}/auth/csrf`).then(response => response.ok, () => false));
    return url;
  };

  const compiles = async (file: string, text: string, compilerOptions: Record<string, unknown> = {}) => {
    writeFileSync(path.join(project, file), text);
    writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: ['node'], skipLibCheck: false, ...compilerOptions }, files: [file] }));
    await run(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: project }).catch(error => assert.fail(error.stdout));
  };

  const asCommonJs = readme.replace(/^import (.+) from '(.+)';$/gm, "const $1 = require('$2');");

  test('the README of the repository shows the same lines', () => assert.equal(blocks('README.md', 'js')[0], readme));

  for (const [file, text] of [['readme.mjs', readme], ['readme.cjs', asCommonJs]] as const) {
    test(`the lines of the README run as they stand (${file})`, async () => {
      const browser = new Browser(await start(file, text));
      assert.equal((await browser.act('POST', '/sign-in/ada')).status, 200);
      assert.equal(await (await browser.send('GET', '/me')).text(), 'ada');
      assert.equal((await browser.act('POST', '/auth/logout')).status, 204);
      assert.equal((await browser.send('GET', '/me')).status, 401);
    });
  }

  test('the lines of the README have types, as ESM and as CommonJS', async () => {
    await compiles('readme.mts', readme);
    await compiles('readme.cts', asCommonJs.replace(/^const (.+) = require\('(.+)'\);$/gm, (_, names, from) => (names.startsWith('{') ? `import ${names} from '${from}';` : `import ${names} = require('${from}');`)));
  });

  test('a field of the application has its type, and another field none', async () => {
    const merged = `import type { Auth } from '@holdfast/express';
      declare module '@holdfast/express' { interface SessionFields { cart: string[] } interface SessionClaims { role?: string } }
      export async function check(auth: Auth) {
        const cart: string[] | undefined = await auth.data.get('cart');
        // @ts-expect-error a cart holds strings
        await auth.data.set('cart', 7);
        // @ts-expect-error there is no such field
        await auth.data.get('card');
        if (auth.session) { const role: string | undefined = auth.session.claims.role; return [cart, role]; }
        const refusal: string = auth.refusal;
        return refusal;
      }`;
    await compiles('merged.mts', merged);
  });

  test('the code of docs/express.md compiles, runs, and does what the page says', async () => {
    const page = blocks('docs/express.md', 'ts').join('\n');
    await compiles('page.mts', page);
    const url = await start('page.mjs', (await transform(page, { loader: 'ts', format: 'esm' })).code);
    const browser = new Browser(url);
    assert.equal(await (await browser.send('GET', '/hello')).text(), 'Hello, stranger (session_missing)');
    assert.equal((await browser.send('GET', '/account', { headers: { Accept: 'text/html' } })).headers.get('location'), '/sign-in');
    assert.equal((await browser.act('POST', '/sign-in', { user: 'ada', password: 'wrong' })).status, 401);
    assert.equal((await browser.act('POST', '/sign-in', { user: 'ada', password: 'Correct-horse-1' })).status, 200);
    for (const route of ['/me', '/account', '/admin', '/news', '/search']) assert.equal((await browser.send('GET', route)).status, 200, route);
    assert.equal((await browser.act('POST', '/email')).status, 200);
    assert.equal((await browser.act('POST', '/payout')).status, 401);
    assert.equal((await browser.act('POST', '/second-factor')).status, 204);
    assert.equal((await browser.act('POST', '/payout')).status, 200);
    assert.deepEqual(await (await browser.act('POST', '/cart', { item: 'tea' })).json(), ['tea']);
    assert.equal((await browser.act('DELETE', '/cart')).status, 204);

    const socket = new WebSocket(url.replace('http:', 'ws:'), { origin: url, headers: { Cookie: `__Host-Http-holdfast=${browser.cookies.get('__Host-Http-holdfast')}` } });
    const closed = new Promise<number>(resolve => socket.once('close', resolve));
    await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
    const other = new Browser(url);
    await other.act('POST', '/sign-in', { user: 'ada', password: 'Correct-horse-1' });
    assert.equal((await other.act('POST', '/password')).status, 204);
    assert.equal(await closed, 4401);
    assert.equal((await browser.send('GET', '/me')).status, 401);

    const token = /value="([^"]+)"/.exec(await (await other.send('GET', '/form')).text())![1]!;
    assert.equal((await other.send('POST', '/sign-out', { form: { csrf_token: token } })).status, 303);
    const tokens: any = await (await other.act('POST', '/sign-in', { user: 'ada', password: 'Correct-horse-1', transport: 'tokens' })).json();
    assert.equal((await fetch(`${url}/me`, { headers: bearer(tokens.access_token) })).status, 200);
    const refused = await other.act('POST', '/sign-in', { user: '', password: 'Correct-horse-1' });
    assert.deepEqual([refused.status, refused.headers.get('content-type')], [400, 'application/problem+json']);
  });
});
