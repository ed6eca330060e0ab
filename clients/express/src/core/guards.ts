import type { Auth, RequestAuth, SignedIn } from './auth.js';
import type { HeadersView } from './credential.js';
import { csrfField, csrfHeader, isSafe, provenance } from './csrf.js';
import { CsrfError, HoldfastError, ReauthenticationRequiredError, SessionRequiredError } from './errors.js';
import type { Reason } from './reasons.js';
import { rolesOf } from './session.js';

export interface SessionRequirement {
  /** One of these roles. */
  role?: string | readonly string[];
}

export interface FreshRequirement {
  /** How old the last proof may be, in seconds. */
  maxAge?: number;
  /** The assurance levels of which it must reach one. */
  acr?: string | readonly string[];
}

const list = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : typeof value === 'string' ? [value] : value);

/** Throws unless somebody is signed in who has one of the roles. */
export function requireSession(auth: RequestAuth, { role }: SessionRequirement = {}): asserts auth is RequestAuth & SignedIn {
  if (auth.session === null) throw new SessionRequiredError(auth.refusal as Reason);
  if (role === undefined) return;
  const roles = rolesOf(auth.session);
  if (!list(role).some(one => roles.includes(one))) throw new HoldfastError('insufficient_scope');
}

/** Throws the challenge of RFC 9470 unless the user proved who they are recently, and well enough. `now` is the server's. */
export function requireFresh(auth: RequestAuth, { maxAge, acr }: FreshRequirement, now: number): asserts auth is RequestAuth & SignedIn {
  requireSession(auth);
  const { authTime, acr: reached } = auth.session;
  const levels = list(acr);
  const recent = maxAge === undefined || (authTime !== null && now / 1000 - authTime <= maxAge);
  const strong = levels.length === 0 || (reached !== null && levels.includes(reached));
  if (!recent || !strong) throw new ReauthenticationRequiredError(maxAge, levels);
}

export interface CsrfFacts {
  /** A WebSocket's handshake, to which pages can add no token. */
  upgrade?: boolean;
  /** A secret in the body proves the request, unless a cookie came along. */
  provenByBody?: boolean;
  trustedOrigins: ReadonlySet<string>;
}

/** What the browser's own words decide about a request: allowed, refused, or the token decides. */
export function judgeOrigin(
  method: string, headers: HeadersView, credential: 'none' | 'bearer' | 'cookie', upgrade: boolean, trustedOrigins: ReadonlySet<string>,
): 'allowed' | 'refused' | 'token' {
  if ((isSafe(method) && !upgrade) || credential === 'bearer') return 'allowed';
  const from = provenance(headers.get('sec-fetch-site'), headers.get('origin'), headers.get('host'), trustedOrigins);
  if (from === 'foreign') return credential === 'none' && upgrade ? 'allowed' : 'refused';
  return upgrade || (from === 'no-browser' && credential === 'none') ? 'allowed' : 'token';
}

/** Throws if another site may have made the request with our user's cookies. */
export function requireOwnPages(auth: Auth | RequestAuth, field: unknown, { upgrade = false, provenByBody = false, trustedOrigins }: CsrfFacts): void {
  const { method, headers } = auth.incoming;
  if (provenByBody && auth.kind === 'none') return;
  const credential = auth.kind === 'none' || auth.kind === 'bearer' ? auth.kind : 'cookie';
  const judged = judgeOrigin(method, headers, credential, upgrade, trustedOrigins);
  if (judged === 'allowed') return;
  if (judged === 'refused') {
    const page = headers.get('origin')?.slice(0, 200).replace(/[^\x21-\x7e]/g, '?') ?? 'another site';
    throw new CsrfError(`A page of ${page} sent it. If that page is yours, add its origin to trustedOrigins.`, headers.get('sec-fetch-site') === 'same-site' ? 'same_site' : 'cross_site', 'trustedOrigins');
  }

  const header = headers.get(csrfHeader);
  if (auth.isCsrfToken(header ?? (typeof field === 'string' ? field : null))) return;
  const detail = `The CSRF token is missing, or was issued for another session. Send what GET /auth/csrf answers in the header ${csrfHeader} or the form field ${csrfField}; a form's fields must be read (express.urlencoded()) before it is checked.`;
  // The form is from before the session ended: that is what its user needs to hear. A live refresh cookie is what the token is bound to.
  if (auth.kind !== 'none' && auth.kind !== 'refresh-cookie' && auth.session === null && auth.refreshable === null) throw new SessionRequiredError(auth.refusal as Reason, { detail });
  throw new CsrfError(detail, 'token');
}
