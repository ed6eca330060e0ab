import { HoldfastError } from './errors.js';

const mostBytes = 64 * 1024;

/** The small bodies of our own endpoints: a JSON object or a form, at most 64 KB, nothing else. An empty field counts as absent. */
export async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get('content-type')?.split(';')[0]!.trim().toLowerCase();
  const text = await textOf(request);
  if (type === undefined && text === '') return {};
  if (type === 'application/json') return fromJson(text);
  if (type === 'application/x-www-form-urlencoded') return fromForm(text);
  throw new HoldfastError('invalid_request', { status: 415, detail: 'Send JSON (application/json) or a form.' });
}

async function textOf(request: Request): Promise<string> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBytes) throw new HoldfastError('invalid_request', { status: 413, detail: 'The body is larger than 64 KB.' });
    chunks.push(chunk);
  }

  return Buffer.concat(chunks).toString();
}

function fromJson(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Answered below, like all that is no object.
  }

  throw malformed();
}

function fromForm(text: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(fields, name)) throw malformed();
    fields[name] = value === '' ? undefined : value;
  }

  return fields;
}

const malformed = () => new HoldfastError('invalid_request', { detail: 'The body is not the JSON object or form that this endpoint reads, or names a member twice.' });
