/** Who is signed in, as `GET /auth/session` says it. Times are RFC 3339. */
export interface Session {
  sid: string
  subject: string
  tenant: string
  created_at: string
  last_seen_at: string
  idle_expires_at: string
  expires_at: string
  auth_time: string
  acr?: string
  amr?: string[]
  device?: { name?: string; place?: string; user_agent?: string; address?: string }
  current?: boolean
}

/** What every tab of the application is told. */
export interface Events {
  /** Somebody signed in, or another session took the place of the one before: load the page anew. */
  'signed-in': { sid: string }
  /** The session was ended, here or anywhere. `reason` is one of the protocol's, or `signed_out` if this browser did it. */
  'signed-out': { reason: string }
  /** The session idled out, or reached its end. */
  expired: { reason: string }
  /** It idles out at `at`, by this machine's clock, unless the user does something. */
  'idle-warning': { at: Date }
}

export interface Options {
  /** Where the application serves Holdfast's endpoints, on its own origin. `/auth` by default. */
  authPath?: string
  /** How many milliseconds before the idle end `idle-warning` comes. A minute by default; at most half the idle time. */
  warnBefore?: number
}

export interface Client {
  /** The platform's `fetch`, with the CSRF token where one is needed, and one refresh and one retry where the access token has expired. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /** Who is signed in; null if nobody is. Throws a `HoldfastError` if that cannot be known at the moment. */
  session(): Promise<Session | null>
  /** Ends this session, all others of the user, or all. Throws a `HoldfastError` unless it is done. */
  signOut(scope?: 'this' | 'others' | 'all'): Promise<void>
  /** Makes sure that the access token is good, once for all tabs. Whether it is. */
  refresh(): Promise<boolean>
  /** Calls `listener` at each event. What it returns ends that. */
  on<Name extends keyof Events>(event: Name, listener: (detail: Events[Name]) => void): () => void
}
