import http from 'node:http';
import https from 'node:https';
import { HoldfastError, StoreUnavailableError } from './errors.js';
import { isReason } from './reasons.js';
import type { Settings } from './settings.js';

export interface Answer {
  status: number;
  body: any;
  headers: http.IncomingHttpHeaders;
}

export interface Call {
  json?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** Waits on a connection of its own, which does not keep the process running. */
  background?: boolean;
  /** The body says who calls, as OAuth's endpoints have it. */
  anonymous?: boolean;
}

/** No answer of the server is larger: 5000 entries of the feed take one megabyte. */
const mostBytes = 16 * 1024 * 1024;

/** Calls the server. What nobody can answer is a {@link StoreUnavailableError}; every other status is handed back. */
export class Server {
  private readonly calls: http.Agent;
  private readonly waits: http.Agent;
  private readonly secure: boolean;
  private complaint = '';

  constructor(private readonly settings: Settings) {
    this.secure = settings.url.protocol === 'https:';
    const { Agent } = this.secure ? https : http;
    this.calls = new Agent({ keepAlive: true, maxSockets: 64 });
    this.waits = new Agent({ keepAlive: true, maxSockets: 2 });
  }

  async call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const answer = await this.send(method, new URL(path, this.settings.url), call.anonymous ? {} : { Authorization: `Bearer ${this.settings.apiKey}` }, call);
    if (answer.status === 401 || (answer.status === 403 && answer.body?.reason === 'insufficient_scope')) {
      this.complain(`the server at ${this.settings.url.origin} refuses this application's API key (${answer.body?.reason ?? answer.status}: ${answer.body?.detail ?? 'no detail'}). Set HOLDFAST_API_KEY to a key of an application that may do this.`);
      throw new StoreUnavailableError();
    }

    this.complaint = '';
    return answer;
  }

  /** Public documents, such as the keys that sign: the API key stays here. */
  async get(url: URL, call: Call = {}): Promise<Answer> {
    return this.send('GET', url, {}, call);
  }

  close(): void {
    this.calls.destroy();
    this.waits.destroy();
  }

  private complain(message: string): void {
    if (this.complaint === message) return;
    this.complaint = message;
    this.settings.log('error', message);
  }

  private async send(method: string, url: URL, headers: Record<string, string>, call: Call): Promise<Answer> {
    const body = call.json !== undefined ? JSON.stringify(call.json) : call.form ? new URLSearchParams(call.form).toString() : undefined;
    const type = call.form ? 'application/x-www-form-urlencoded' : 'application/json';
    const { request } = url.protocol === 'https:' ? https : http;
    const agent = url.protocol === (this.secure ? 'https:' : 'http:') ? (call.background ? this.waits : this.calls) : undefined;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const failed = (why: string) => {
        isOver = true;
        clearTimeout(timer);
        sent.destroy();
        reject(new StoreUnavailableError(why));
      };
      const sent = request(url, {
        method,
        agent,
        headers: {
          Accept: 'application/json',
          ...headers,
          ...call.headers,
          ...(body === undefined ? {} : { 'Content-Type': call.headers?.['Content-Type'] ?? type, 'Content-Length': Buffer.byteLength(body) }),
        },
      }, response => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > mostBytes) failed('The server answered more than it may.');
        });
        response.on('error', () => failed('The server broke off.'));
        response.on('end', () => {
          clearTimeout(timer);
          const status = response.statusCode!;
          if (status === 429 || status >= 500 || (status >= 300 && status < 400)) return failed(`The server answered ${status}.`);
          const text = Buffer.concat(chunks).toString();
          const parsed = text === '' ? null : parse(text);
          if (parsed === undefined) return failed('The server did not answer JSON.');
          resolve({ status, body: parsed, headers: response.headers });
        });
      });
      const timer = setTimeout(() => failed('The server is silent.'), call.timeoutMs ?? this.settings.timeoutMs);
      if (call.background) {
        timer.unref();
        sent.on('socket', socket => socket.unref());
      }

      sent.on('error', (error: NodeJS.ErrnoException) => {
        // An idle connection that the server had closed meanwhile. All calls are made so that repeating one is harmless.
        if (!sent.reusedSocket || error.code !== 'ECONNRESET' || isOver) return failed('The server cannot be reached.');
        clearTimeout(timer);
        resolve(this.send(method, url, headers, call));
      });
      sent.end(body);
    });
  }
}

/** What the server refused, as an error of ours with its reason and its words. */
export function refusalOf({ status, body }: Answer): HoldfastError {
  return isReason(body?.reason)
    ? new HoldfastError(body.reason, { status, ...text('detail', body.detail), ...text('setting', body.setting) })
    : new StoreUnavailableError(`The server answered ${status}.`);
}

const text = (name: string, value: unknown) => (typeof value === 'string' ? { [name]: value } : {});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
