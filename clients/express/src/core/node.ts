import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { HeadersView } from './credential.js';
import { HoldfastError } from './errors.js';
import type { Incoming, Outgoing } from './request.js';

/** The headers of a Node request. A repeated `Authorization`, of which Node shows only the first, is nobody's. */
export class NodeHeaders implements HeadersView {
  constructor(private readonly request: IncomingMessage) {}

  get(name: string): string | null {
    const lower = name.toLowerCase();
    const value = this.request.headers[lower];
    if (value === undefined) return null;
    if (lower === 'authorization' && this.request.rawHeaders.filter((one, index) => index % 2 === 0 && one.toLowerCase() === lower).length > 1) return `${value}, and another`;
    return typeof value === 'string' ? value : value.join(', ');
  }
}

/** The headers of a Node response; the last cookie of a name wins. */
export class NodeOutgoing implements Outgoing {
  constructor(private readonly response: ServerResponse) {}

  append(name: string, value: string): void {
    const before = [this.response.getHeader(name) ?? []].flat().map(String);
    const cookie = value.slice(0, value.indexOf('=') + 1);
    this.response.setHeader(name, [...before.filter(other => !other.startsWith(cookie)), value]);
  }

  set(name: string, value: string): void {
    this.response.setHeader(name, value);
  }
}

/** A handshake, before any framework has seen it. */
export function incomingUpgrade(request: IncomingMessage, trustProxy: boolean): Incoming {
  const forwarded = trustProxy ? request.headers['x-forwarded-proto'] : undefined;
  return {
    method: request.method ?? 'GET',
    headers: new NodeHeaders(request),
    ip: request.socket.remoteAddress,
    secure: 'encrypted' in request.socket || forwarded === 'https',
  };
}

/** The request as Fetch knows it; `parsed` is its body, if something has read it already. */
export function requestOf(message: IncomingMessage, parsed: unknown): Request {
  const headers = new Headers();
  if (message.headers['content-type'] !== undefined) headers.set('content-type', message.headers['content-type']);
  const method = message.method ?? 'GET';
  if (method === 'GET' || method === 'HEAD') return new Request('http://localhost/', { method, headers });
  const nothing = message.headers['content-length'] === undefined && message.headers['transfer-encoding'] === undefined;
  if (nothing || (parsed !== undefined && headers.get('content-type') === null)) return new Request('http://localhost/', { method, headers });
  const body = parsed === undefined ? (Readable.toWeb(message) as ReadableStream) : textOf(parsed, headers.get('content-type') ?? '');
  return new Request('http://localhost/', { method, headers, body, duplex: 'half' } as RequestInit);
}

function textOf(parsed: unknown, type: string): string | Uint8Array {
  if (typeof parsed === 'string' || parsed instanceof Uint8Array) return parsed;
  if (!type.includes('x-www-form-urlencoded')) return JSON.stringify(parsed);
  return new URLSearchParams(Object.entries(parsed as Record<string, unknown>).flatMap(([name, value]) => [value].flat().map(one => [name, String(one)]))).toString();
}

/** Sends an answer of ours. */
export async function send(response: ServerResponse, answer: Response): Promise<void> {
  response.statusCode = answer.status;
  answer.headers.forEach((value, name) => response.setHeader(name, value));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** Writes a refusal as problem details. */
export function writeProblem(response: ServerResponse, error: HoldfastError): void {
  response.statusCode = error.status;
  for (const [name, value] of Object.entries({ ...error.headers, 'Content-Type': 'application/problem+json' })) response.setHeader(name, value);
  response.end(JSON.stringify(error.problem()));
}
