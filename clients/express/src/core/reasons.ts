/** Every reason with its status and title: `protocol/reasons.md`, word by word. */
export const reasons = {
  session_missing: [401, 'Sign in to continue.'],
  session_expired: [401, 'The session has expired. Sign in again.'],
  session_revoked: [401, 'The session was ended. Sign in again.'],
  token_expired: [401, 'The access token has expired. Refresh it.'],
  token_invalid: [401, 'The token is not valid.'],
  token_reused: [401, 'The refresh token was used twice, so its session was ended. Sign in again.'],
  reauthentication_required: [401, 'Sign in again to do this.'],
  api_key_invalid: [401, 'The API key is missing or not valid.'],
  csrf_failed: [403, "The request did not come from this application's own pages."],
  insufficient_scope: [403, 'You may not do this.'],
  invalid_request: [400, 'The request is malformed.'],
  not_found: [404, 'There is no such thing here.'],
  https_required: [400, 'Use HTTPS.'],
  conflict: [409, 'Something else happened first.'],
  data_too_large: [413, "The session's data would become too large."],
  rate_limited: [429, 'Too many requests. Wait a moment.'],
  store_unavailable: [503, 'Sessions cannot be checked at the moment. Try again.'],
  server_error: [500, 'Something went wrong on our side.'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type Reason = keyof typeof reasons;

/** Reasons that came from elsewhere: anything unknown is no reason. */
export const isReason = (text: unknown): text is Reason => typeof text === 'string' && Object.hasOwn(reasons, text);
