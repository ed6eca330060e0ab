import { reasons, type Reason } from './reasons.js';

export interface ErrorDetails {
  detail?: string;
  setting?: string;
  status?: number;
  /** The error code of RFC 6749, where an OAuth client reads the answer. */
  error?: string;
  headers?: Record<string, string>;
}

/** A refusal, in the shape that Node frameworks know: `status`, `code`, `headers`. Its message holds nothing secret. */
export class HoldfastError extends Error {
  readonly code: Reason;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly detail?: string;
  readonly setting?: string;
  readonly error?: string;

  constructor(code: Reason, { detail, setting, status, error, headers }: ErrorDetails = {}) {
    const [usual, title] = reasons[code];
    super(detail ?? title);
    this.name = new.target.name;
    this.code = code;
    this.status = status ?? usual;
    if (detail !== undefined) this.detail = detail;
    if (setting !== undefined) this.setting = setting;
    if (error !== undefined) this.error = error;
    this.headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...headers };
    if (this.status === 401) this.headers['WWW-Authenticate'] ??= code === 'session_missing' ? 'Bearer' : 'Bearer error="invalid_token"';
    if (this.status === 429 || this.status === 503) this.headers['Retry-After'] ??= '1';
  }

  /** Problem details (RFC 9457). */
  problem(): Record<string, unknown> {
    return {
      type: `urn:holdfast:reason:${this.code}`,
      title: reasons[this.code][1],
      status: this.status,
      detail: this.detail,
      reason: this.code,
      setting: this.setting,
      error: this.error,
    };
  }

  /** The answer; frameworks on Fetch types, such as Hono, call this by themselves. */
  getResponse(): Response {
    return new Response(JSON.stringify(this.problem()), {
      status: this.status,
      headers: { ...this.headers, 'Content-Type': 'application/problem+json' },
    });
  }
}

/** Nobody is signed in, or not any more: 401. */
export class SessionRequiredError extends HoldfastError {}

/** Signed in, but the proof is too old or too weak: 401 with the challenge of RFC 9470, section 3. */
export class ReauthenticationRequiredError extends HoldfastError {
  constructor(maxAge: number | undefined, acr: readonly string[]) {
    const challenge = [
      'Bearer error="insufficient_user_authentication"',
      ...(acr.length > 0 ? [`acr_values="${acr.join(' ')}"`] : []),
      ...(maxAge !== undefined ? [`max_age="${maxAge}"`] : []),
    ].join(', ');
    super('reauthentication_required', {
      detail: 'This needs a new proof of the user: sign in again, or step up, as WWW-Authenticate says.',
      headers: { 'WWW-Authenticate': challenge },
    });
  }
}

/** Another site may have made the request: 403. */
export class CsrfError extends HoldfastError {
  constructor(detail: string, readonly cause: string, setting?: string) {
    super('csrf_failed', { detail, ...(setting ? { setting } : {}), headers: { Vary: 'Sec-Fetch-Site, Origin' } });
  }
}

/** Nobody knows: neither a sign-out nor a reason to delete a cookie. 503. */
export class StoreUnavailableError extends HoldfastError {
  constructor(detail?: string) {
    super('store_unavailable', detail === undefined ? {} : { detail });
  }
}

/** A setting that cannot work. Thrown at the start, never later. */
export class ConfigurationError extends Error {
  constructor(readonly setting: string, rule: string) {
    super(`Holdfast: ${setting} ${rule}`);
    this.name = 'ConfigurationError';
  }
}
