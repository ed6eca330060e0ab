import type { Standing } from './endings.js';
import { isSid } from './feed.js';

/** The claims of your sessions. Merge yours in: `declare module '@holdfast/express' { interface SessionClaims { role?: string } }`. */
export interface SessionClaims {}

/** The data of your sessions, by field. Merge yours in, as with {@link SessionClaims}. */
export interface SessionFields {}

export type Claims = SessionClaims & Record<string, string | string[] | undefined>;
export type Transport = 'cookie' | 'tokens' | 'token-cookies';

/** One sign-in of one subject on one device. */
export interface Session extends Standing {
  /** Its public name; never a credential. */
  readonly sid: string;
  /** The user's id, as the application knows it. */
  readonly subject: string;
  readonly tenant: string;
  readonly claims: Claims;
  /** When the user last proved who they are, in seconds since 1970; null if it is not known. */
  readonly authTime: number | null;
  readonly acr: string | null;
  readonly amr: readonly string[];
  /** The version of its credentials: raised by each step-up. */
  readonly cv: number;
  readonly epoch: number;
}

/** A session as the server's API writes it; null if it is not one. */
export function sessionFrom(json: any): Session | null {
  const authTime = json?.auth_time == null ? null : Date.parse(json.auth_time) / 1000;
  if (!isSid(json?.sid) || typeof json.subject !== 'string' || typeof json.tenant !== 'string'
    || !Number.isSafeInteger(json.cv) || !Number.isSafeInteger(json.epoch) || Number.isNaN(authTime)) return null;
  return {
    sid: json.sid,
    subject: json.subject,
    tenant: json.tenant,
    claims: json.claims ?? {},
    authTime,
    acr: json.acr ?? null,
    amr: json.amr ?? [],
    cv: json.cv,
    epoch: json.epoch,
  };
}

const roleClaims = ['role', 'roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'];

/** The roles of a session, also those that an ASP.NET Core application gave it. */
export function rolesOf({ claims }: Session): string[] {
  const chosen = claims.holdfast_role_type;
  return (typeof chosen === 'string' ? [chosen] : roleClaims).flatMap(name => claims[name] ?? []);
}
