import { cookieIn, cookieNames, type Credential } from './credential.js';
import { Csrf, preSessionBinding, sessionBinding } from './csrf.js';
import { SessionData } from './data.js';
import type { Reason } from './reasons.js';
import type { Incoming, Outgoing } from './request.js';
import type { Server } from './server.js';
import type { Session } from './session.js';

/** How the credential of a request came. */
export type CredentialKind = Credential['kind'] | 'refresh-cookie';

/** What is known of the session of one request. */
export interface SignedIn {
  readonly session: Session;
  readonly refusal: null;
}

/** Nobody is signed in: without a credential the refusal is `session_missing`. */
export interface SignedOut {
  readonly session: null;
  readonly refusal: Reason;
}

/** `req.auth`. */
export type Auth = RequestAuth & (SignedIn | SignedOut);

export class RequestAuth {
  session: Session | null = null;
  refusal: Reason | null = 'session_missing';

  /** The session that a sign-out, a refresh or a CSRF token is about when only its refresh token came, which authenticates nothing. */
  refreshable: Session | null = null;

  /** A poll: it is checked like all requests, and does not keep the session from idling out. */
  isPoll = false;

  private fields: SessionData | undefined;
  private nonce: Buffer | null = null;

  constructor(
    readonly incoming: Incoming,
    private readonly answer: Outgoing | null,
    public kind: CredentialKind,
    private readonly csrf: Csrf,
    private readonly server: Server,
    private readonly now: () => number,
  ) {}

  /** Where the headers of this request's answer go. */
  get outgoing(): Outgoing {
    if (this.answer === null) throw new Error('This request is a handshake: its answer can carry no cookie.');
    return this.answer;
  }

  /** The session's data, by field. */
  get data(): SessionData {
    return (this.fields ??= new SessionData(this.server, this.session));
  }

  /** A token for the forms and scripts of this page. For a visitor it sets a cookie, so make it before the answer starts. */
  csrfToken(): string {
    this.answer?.set('Cache-Control', 'no-store');
    return this.csrf.issue(this.binding() ?? this.bindToNewPreSession());
  }

  /** Whether a token was issued for this request's session, or for this browser if there is none. */
  isCsrfToken(token: string | null | undefined): boolean {
    const binding = this.binding();
    return binding !== null && this.csrf.isValid(binding, token);
  }

  become(session: Session | null, kind: CredentialKind): void {
    this.session = session;
    this.refusal = session === null ? 'session_missing' : null;
    this.refreshable = null;
    this.kind = kind;
    this.fields = undefined;
  }

  private binding(): Buffer | null {
    const concerned = this.session ?? this.refreshable;
    if (concerned !== null) return sessionBinding(concerned.sid, concerned.cv);
    this.nonce ??= this.csrf.nonceOf(cookieIn(this.incoming.headers.get('cookie'), cookieNames.preSession), this.now());
    return this.nonce === null ? null : preSessionBinding(this.nonce);
  }

  private bindToNewPreSession(): Buffer {
    const { nonce, header } = this.csrf.newPreSession(this.now());
    this.nonce = nonce;
    this.outgoing.append('Set-Cookie', header);
    return preSessionBinding(nonce);
  }
}
