/** What every adapter exports beside its own. */
export type { Auth, CredentialKind, SignedIn, SignedOut } from './auth.js';
export type { EndReason, Started, StartOptions, TokenAnswer, User } from './client.js';
export { ConfigurationError, CsrfError, HoldfastError, ReauthenticationRequiredError, SessionRequiredError, StoreUnavailableError } from './errors.js';
export type { FreshRequirement, SessionRequirement } from './guards.js';
export { reasons, type Reason } from './reasons.js';
export type { Claims, Session, SessionClaims, SessionFields, Transport } from './session.js';
export type { HoldfastOptions, Log } from './settings.js';
