import { createLocalJWKSet, compactVerify, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { isSid } from './feed.js';
import { digestOf, Memory } from './memory.js';
import type { Session } from './session.js';

/** What access tokens are held against. */
export interface Expected {
  issuer: string;
  audience: string;
  tenant: string;
}

export interface TokenFacts {
  session: Session;
  /** How often the refresh token was exchanged before this token was made. */
  generation: number;
}

/** Why a token proves nothing: expired only if everything else about it is right. */
export type TokenFault = 'token_expired' | 'token_invalid';

type Payload = Record<string, unknown>;
type Keys = { jwks: JSONWebKeySet; find: ReturnType<typeof createLocalJWKSet> };

const leeway = 5;
const longest = 8 * 1024;
const rememberedMs = 15 * 60 * 1000;
const registered = new Set(['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'client_id', 'sid', 'tenant', 'epoch', 'cv', 'gen', 'auth_time', 'acr', 'amr']);

/**
 * Access tokens (RFC 9068) that this process can judge by itself. A signature is checked once and remembered by the token's digest;
 * everything else is judged each time.
 */
export class Tokens {
  private keys: Keys | null = null;
  private reloadAt = -Infinity;
  private readonly verified = new Memory<Payload>(20_000);
  private readonly unknownKids = new Memory<true>(100);

  use(jwks: unknown): void {
    // A key that has gone vouches for nothing that was remembered.
    const find = createLocalJWKSet(jwks as JSONWebKeySet);
    if (JSON.stringify(jwks) === JSON.stringify(this.keys?.jwks)) return;
    this.verified.clear();
    this.keys = { jwks: jwks as JSONWebKeySet, find };
  }

  /** Whether the token names a key that these keys do not have: reload them, once a while for each name, and once a second for all. */
  needsKeys(token: string, monotonic: number): boolean {
    const kid = headerOf(token)?.kid;
    if (typeof kid !== 'string' || this.keys?.jwks.keys.some(key => key.kid === kid)) return false;
    if (monotonic < this.reloadAt || this.unknownKids.get(kid, monotonic)) return false;
    this.unknownKids.set(kid, true, monotonic + 30_000);
    this.reloadAt = monotonic + 1000;
    return true;
  }

  /** From memory, without any cryptography but the digest. */
  recall(token: string, expected: Expected, now: number, monotonic: number): TokenFacts | TokenFault | null {
    const payload = this.verified.get(digestOf(token), monotonic);
    return payload === undefined ? null : judge(payload, expected, now);
  }

  /** Null without keys: somebody else has to say. */
  async verify(token: string, expected: Expected, now: number, monotonic: number): Promise<TokenFacts | TokenFault | null> {
    const keys = this.keys;
    if (keys === null) return null;
    if (token.length > longest || !token.split('.').every(isCanonical)) return 'token_invalid';
    try {
      const { payload: bytes, protectedHeader } = await compactVerify(token, keys.find);
      const key = keys.jwks.keys.find(one => one.kid === protectedHeader.kid);
      if (!/^(application\/)?at\+jwt$/i.test(protectedHeader.typ ?? '') || key === undefined || key.alg !== protectedHeader.alg) return 'token_invalid';
      const payload = parseOnce(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      if (keys === this.keys) this.verified.set(digestOf(token), payload, monotonic + rememberedMs);
      return judge(payload, expected, now);
    } catch {
      return 'token_invalid';
    }
  }
}

/** One token has one spelling. */
const isCanonical = (part: string) => Buffer.from(part, 'base64url').toString('base64url') === part;

/** An object in which no member stands twice: of two, who knows which one somebody else reads. */
function parseOnce(text: string): Payload {
  const json: unknown = JSON.parse(text);
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)].filter(([, colon]) => colon === ':').length;
  if (typeof json !== 'object' || json === null || written !== membersIn(json)) throw new SyntaxError('A member stands twice.');
  return json as Payload;
}

const membersIn = (json: unknown): number => typeof json !== 'object' || json === null ? 0
  : Object.values(json).reduce((sum: number, value) => sum + membersIn(value), Array.isArray(json) ? 0 : Object.keys(json).length);

function headerOf(token: string) {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return null;
  }
}

/** What stands in a token whose signature holds, at this time (the server's, in milliseconds). */
function judge(claims: Payload, expected: Expected, now: number): TokenFacts | TokenFault {
  const { iss, aud, sub, client_id: client, jti, iat, sid, tenant, cv, epoch, gen, exp, nbf, auth_time: authTime, acr, amr } = claims;
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  const seconds = now / 1000;
  if (iss !== expected.issuer || audience !== expected.audience || tenant !== expected.tenant
    || typeof sub !== 'string' || sub === '' || !isSid(sid)
    || !Number.isSafeInteger(cv) || !Number.isSafeInteger(epoch) || !Number.isSafeInteger(gen)
    || typeof client !== 'string' || client === '' || typeof jti !== 'string' || jti === '' || typeof iat !== 'number'
    || typeof exp !== 'number' || (nbf !== undefined && !(typeof nbf === 'number' && seconds + leeway >= nbf))) return 'token_invalid';
  if (seconds >= exp + leeway) return 'token_expired';
  return {
    generation: gen as number,
    session: {
      sid,
      subject: sub,
      tenant: expected.tenant,
      claims: Object.fromEntries(Object.entries(claims).filter(([name]) => !registered.has(name))) as Session['claims'],
      authTime: typeof authTime === 'number' ? authTime : null,
      acr: typeof acr === 'string' ? acr : null,
      amr: Array.isArray(amr) ? (amr as string[]) : [],
      cv: cv as number,
      epoch: epoch as number,
    },
  };
}
