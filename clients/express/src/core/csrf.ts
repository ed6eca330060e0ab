import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { cookieNames } from './credential.js';

/** Where a request came from, by what the browser says of it and no page can change. */
export type Provenance = 'own' | 'trusted' | 'no-browser' | 'foreign';

export const csrfHeader = 'X-CSRF-Token';
export const csrfField = 'csrf_token';

const size = 32;
const preSessionSeconds = 12 * 60 * 60;

export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

/** Fetch metadata first, then Origin. Another port and another subdomain are foreign. */
export function provenance(fetchSite: string | null, origin: string | null, host: string | null, trusted: ReadonlySet<string>): Provenance {
  if (fetchSite === 'same-origin' || fetchSite === 'none') return 'own';
  if (fetchSite === null && origin === null) return 'no-browser';
  if (fetchSite === null && isOwn(origin!, host)) return 'own';
  // "null" is what sandboxed frames and privacy redirects send: nobody's origin.
  return origin !== null && origin !== 'null' && trusted.has(origin) ? 'trusted' : 'foreign';
}

/** The scheme is left out: behind a proxy that ends TLS, only the host is certain. */
function isOwn(origin: string, host: string | null): boolean {
  if (host === null) return false;
  try {
    const page = new URL(origin);
    const own = new URL(`${page.protocol}//${host}`);
    return page.host === own.host && page.host !== '';
  } catch {
    return false;
  }
}

interface Keys {
  csrf: Buffer;
  preSession: Buffer;
}

/** CSRF tokens and the cookie that sign-in forms are bound to; nothing is kept anywhere. */
export class Csrf {
  private readonly keys: readonly Keys[];

  constructor(secrets: readonly string[]) {
    const derive = (secret: string, info: string) => Buffer.from(hkdfSync('sha256', secret, '', info, size));
    this.keys = secrets.map(secret => ({ csrf: derive(secret, 'holdfast/1 csrf'), preSession: derive(secret, 'holdfast/1 pre-session') }));
  }

  /** A token for this binding. The mask is new each time, so that compressed pages reveal nothing. */
  issue(binding: Buffer, mask = randomBytes(size)): string {
    return Buffer.concat([mask, xor(mask, hmac(this.keys[0]!.csrf, binding))]).toString('base64url');
  }

  isValid(binding: Buffer, token: string | null | undefined): boolean {
    const bytes = decode(token, 2 * size);
    if (bytes === null) return false;
    const proof = xor(bytes.subarray(0, size), bytes.subarray(size));
    return this.keys.some(({ csrf }) => timingSafeEqual(hmac(csrf, binding), proof));
  }

  /** A new cookie for a browser on which nobody has signed in: nonce, end, MAC. */
  newPreSession(now: number, nonce = randomBytes(size)): { nonce: Buffer; header: string } {
    const body = Buffer.alloc(size + 8);
    nonce.copy(body);
    body.writeBigInt64BE(BigInt(Math.floor(now / 1000) + preSessionSeconds), size);
    const value = Buffer.concat([body, hmac(this.keys[0]!.preSession, body)]).toString('base64url');
    return { nonce, header: `${cookieNames.preSession}=${value}; path=/; secure; httponly; samesite=lax` };
  }

  /** The nonce of that cookie; null if it is not ours or its time is over. */
  nonceOf(cookie: string | null | undefined, now: number): Buffer | null {
    const bytes = decode(cookie, size + 8 + size);
    if (bytes === null) return null;
    const body = bytes.subarray(0, size + 8);
    const genuine = this.keys.some(({ preSession }) => timingSafeEqual(hmac(preSession, body), bytes.subarray(size + 8)));
    return genuine && BigInt(Math.floor(now / 1000)) < body.readBigInt64BE(size) ? Buffer.from(bytes.subarray(0, size)) : null;
  }
}

/** Tokens outlive a renewed secret, and die with a step-up or sign-in. */
export const sessionBinding = (sid: string, cv: number): Buffer => Buffer.from(`session|${sid}|${cv}`, 'ascii');

export const preSessionBinding = (nonce: Buffer): Buffer => Buffer.concat([Buffer.from('pre-session|'), nonce]);

const hmac = (key: Buffer, text: Buffer) => createHmac('sha256', key).update(text).digest();

const xor = (left: Buffer, right: Buffer) => Buffer.from(left.map((byte, index) => byte ^ right[index]!));

/** Exactly the one way in which these bytes are written. */
function decode(text: string | null | undefined, length: number): Buffer | null {
  if (typeof text !== 'string' || text.length !== Math.ceil((length * 4) / 3)) return null;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === text ? bytes : null;
}
