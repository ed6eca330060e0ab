// Requests a second of Express behind each way of knowing the user, as shares of Express alone, in one run: node compare.mjs
// Needs wrk, redis-server, a built server (dotnet build src/Holdfast.Server -c Release) and a built clients/express. Each peer is a process
// of its own on the first processor; wrk is on the second, with the server and Redis. All are warmed up, then loaded in turn, round by round.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.env.SECONDS_EACH ?? 3);
const rounds = Number(process.env.ROUNDS ?? 5);
const warmUp = Number(process.env.WARM_UP ?? 5);
const scratch = mkdtempSync(path.join(tmpdir(), 'holdfast-peers-'));
const children = [];
const run = promisify(execFile);

const freePort = () => new Promise(resolve => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

function start(cpu, command, args, environment = {}) {
  const child = spawn('taskset', ['-c', String(cpu), command, ...args], { cwd: scratch, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
  children.push(child);
  return child;
}

const says = (child, text) => new Promise((resolve, reject) => {
  child.stdout.on('data', data => String(data).includes(text) && resolve());
  child.once('exit', code => reject(new Error(`A process stopped with ${code} before it said '${text}'.`)));
});

async function until(condition) {
  for (const end = Date.now() + 60_000; !(await condition()); await new Promise(resolve => setTimeout(resolve, 50))) {
    if (Date.now() > end) throw new Error('A server did not become ready.');
  }
}

async function load(peer, forSeconds) {
  const signedIn = await fetch(`${peer.url}/sign-in`, { method: 'POST' });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0];
  const credentials = path.join(scratch, 'credentials');
  writeFileSync(credentials, cookie ? `Cookie: ${cookie}` : await signedIn.text());
  const { stdout } = await run('taskset', ['-c', '1', 'wrk', '-t1', '-c16', `-d${forSeconds}s`, '--latency', '-s', path.join(here, '../credentials.lua'), `${peer.url}/`, '--', credentials]);
  const result = /^result ([0-9.]+) ([0-9.]+) ([0-9.]+)$/m.exec(stdout);
  if (result === null || stdout.includes('Non-2xx') || stdout.includes('Socket errors')) throw new Error(`${peer.name} refuses its clients:\n${stdout}`);
  return result.slice(1).map(Number);
}

const median = numbers => numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)];

try {
  const server = ['Release', 'Debug'].map(kind => path.join(here, `../../src/Holdfast.Server/bin/${kind}/net10.0/Holdfast.Server.dll`)).find(existsSync);
  if (server === undefined) throw new Error('The server is not built: dotnet build src/Holdfast.Server --configuration Release');
  const key = /hfk_\S+/.exec(execFileSync('dotnet', [server, 'apps', 'new-key'], { encoding: 'utf8' }))[0];
  const [redis, holdfast] = [await freePort(), `http://localhost:${await freePort()}`];
  await says(start(1, 'redis-server', ['--port', String(redis), '--save', '', '--appendonly', 'no']), 'Ready to accept connections');
  start(1, 'dotnet', [server, 'serve', '--urls', holdfast], { HOLDFAST_API_KEY: key, Holdfast__Environment: 'Bench', Holdfast__Issuer: holdfast, Holdfast__ConnectionString: path.join(scratch, 'sessions.db'), Logging__LogLevel__Default: 'Warning' });
  await until(() => fetch(`${holdfast}/readyz`).then(response => response.ok, () => false));

  const peers = [
    ['Express alone', 'bare'],
    ['express-session + connect-redis', 'sessions', `127.0.0.1:${redis}`],
    ['jose, ES256', 'jose'],
    ['Holdfast, session cookie', 'holdfast-cookie', holdfast],
    ['Holdfast, access token', 'holdfast-token', holdfast],
  ].map(([name, mode, address]) => ({ name, mode, address, measured: [] }));
  for (const peer of peers) {
    const port = await freePort();
    peer.url = `http://127.0.0.1:${port}`;
    await says(start(0, process.execPath, [path.join(here, 'server.mjs'), peer.mode, String(port), peer.address ?? ''], { HOLDFAST_API_KEY: key, NODE_ENV: 'production' }), 'ready');
    await load(peer, warmUp);
  }

  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) peer.measured.push(await load(peer, seconds));
  }

  const bare = median(peers[0].measured.map(([perSecond]) => perSecond));
  console.log('| Express with | requests/s | of Express alone | p50 ms | p99 ms |\n| --- | --- | --- | --- | --- |');
  for (const { name, measured } of peers) {
    const [perSecond, half, most] = [0, 1, 2].map(column => median(measured.map(one => one[column])));
    console.log(`| ${name} | ${Math.round(perSecond).toLocaleString('en')} | ${((100 * perSecond) / bare).toFixed(0)} % | ${(half / 1000).toFixed(2)} | ${(most / 1000).toFixed(2)} |`);
  }
} finally {
  for (const child of children) child.kill();
  rmSync(scratch, { recursive: true, force: true });
}
