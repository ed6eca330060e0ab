import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const repository = path.resolve(process.env.HOLDFAST_REPOSITORY ?? path.join(process.cwd(), '../..'));

const dll = process.env.HOLDFAST_SERVER_DLL ?? ['Debug', 'Release'].map(kind => path.join(repository, `src/Holdfast.Server/bin/${kind}/net10.0/Holdfast.Server.dll`)).filter(existsSync)[0];

/** Waits for a condition, at most this long. */
export async function until<T>(what: string, condition: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`It did not happen within ${withinMs} ms: ${what}.`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** The real server, as a process of its own, on SQLite. */
export class RealServer {
  private constructor(readonly url: string, readonly apiKey: string, private child: ChildProcess, private readonly directory: string, private readonly command: string[], private readonly environment: Record<string, string>) {}

  static async start(settings: Record<string, string> = {}): Promise<RealServer> {
    if (dll === undefined) throw new Error('The server is not built: dotnet build src/Holdfast.Server, or set HOLDFAST_SERVER_DLL.');
    const directory = mkdtempSync(path.join(tmpdir(), 'holdfast-express-'));
    const url = `http://localhost:${await freePort()}`;
    const apiKey = /hfk_\S+/.exec(execFileSync('dotnet', [dll, 'apps', 'new-key'], { encoding: 'utf8' }))![0];
    const options = { Environment: 'Test', Issuer: url, ConnectionString: path.join(directory, 'sessions.db'), ...settings };
    const command = [dll, 'serve', '--urls', url];
    const environment = Object.fromEntries(Object.entries(options).map(([name, value]) => [`Holdfast__${name}`, value]));
    environment.HOLDFAST_API_KEY = apiKey;
    const server = new RealServer(url, apiKey, launch(command, environment, directory), directory, command, environment);
    await server.ready();
    return server;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Any call of its API, with the key. */
  async api(method: string, route: string, body?: unknown): Promise<any> {
    const response = await fetch(`${this.url}${route}`, {
      method,
      headers: { Authorization: `Bearer ${this.apiKey}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  }

  /** It holds its connections and answers nothing. */
  stall(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise(resolve => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.child = launch(this.command, this.environment, this.directory);
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    await until('the server is ready', async () => {
      if (this.child.exitCode !== null) throw new Error(`The server stopped with ${this.child.exitCode}.`);
      return fetch(`${this.url}/readyz`).then(response => response.ok, () => false);
    }, 120_000);
  }
}

function launch(command: string[], environment: Record<string, string>, directory: string): ChildProcess {
  return spawn('dotnet', command, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment, Logging__LogLevel__Default: 'None' },
  });
}

/** A relay in front of the server, which counts what passes, and can hold it or answer itself. */
export class Relay {
  readonly calls: string[] = [];
  answer: ((path: string, request: http.IncomingMessage, response: http.ServerResponse) => boolean) | undefined;
  private readonly server: http.Server;
  private readonly agent = new http.Agent({ keepAlive: true });

  private constructor(private readonly upstream: URL | null) {
    this.server = http.createServer((request, response) => {
      const target = request.url!.split('?')[0]!;
      this.calls.push(`${request.method} ${target}`);
      if (this.answer?.(request.url!, request, response)) return;
      if (this.upstream === null) return void response.writeHead(404, { 'Content-Type': 'application/json' }).end('{}');
      const onward = http.request(new URL(request.url!, this.upstream), { method: request.method!, headers: request.headers, agent: this.agent }, answer => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
  }

  static async start(upstream: string | null): Promise<Relay> {
    const relay = new Relay(upstream === null ? null : new URL(upstream));
    await new Promise<void>(resolve => relay.server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What was asked, without the follower's own questions. */
  get checks(): string[] {
    return this.calls.filter(call => call !== 'GET /v1/feed');
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}

/** Answers JSON. */
export function json(response: http.ServerResponse, status: number, body: unknown): true {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
  return true;
}
