import { Activity } from './activity.js';
import { RequestAuth, type Auth } from './auth.js';
import { Connections } from './connections.js';
import { cookieIn, cookieNames, credentialOf, deletedCookies, otherTransport } from './credential.js';
import { Csrf } from './csrf.js';
import { HoldfastError, SessionRequiredError, StoreUnavailableError } from './errors.js';
import { Follower } from './follower.js';
import { Freshness } from './freshness.js';
import { requireFresh, requireOwnPages, type CsrfFacts, type FreshRequirement } from './guards.js';
import { systemClock, type Clock } from './lease.js';
import { deviceOf, requireHttps, type Incoming, type Outgoing } from './request.js';
import { refusalOf, Server, type Answer } from './server.js';
import { sessionFrom, type Session, type SessionClaims, type SessionFields, type Transport } from './session.js';
import { settingsOf, type HoldfastOptions, type Settings } from './settings.js';
import { Tokens } from './tokens.js';
import { cookieLines, Verifier, type Verdict } from './verifier.js';

/** Whose session starts: the id, or anything that has one. */
export type User = string | { id: string | number };

export interface StartOptions {
  /** How its credentials travel. Default: `cookie`. */
  transport?: Transport;
  /** Whether the user chose to stay signed in; with `cookie` only. */
  remember?: boolean;
  claims?: SessionClaims & Record<string, string | string[]>;
  /** The session's first data. */
  data?: Partial<SessionFields> & Record<string, unknown>;
  acr?: string;
  amr?: string[];
}

/** RFC 6749, section 5.1: the answer for clients that hold their tokens themselves. */
export interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
  refresh_expires_in: number;
}

export interface Started {
  session: Session;
  /** With the transport `tokens` only. */
  tokens: TokenAnswer | null;
}

/** Why an application ends sessions. */
export type EndReason = 'signed_out' | 'ended_by_user' | 'revoked';

/** Sessions for one process, in no framework's words: the adapters are a few lines each. */
export class Client {
  readonly settings: Settings;
  readonly server: Server;
  readonly freshness = new Freshness();
  readonly follower: Follower;
  readonly activity: Activity;
  private readonly csrf: Csrf;
  private readonly verifier: Verifier;
  private readonly connections: Connections;
  private readonly leave = () => void this.activity.flush();
  private refusalsUnderWay = 0;

  constructor(options: HoldfastOptions = {}, private readonly clock: Clock = systemClock) {
    this.settings = settingsOf(options);
    this.server = new Server(this.settings);
    this.csrf = new Csrf(this.settings.csrfSecrets);
    this.activity = new Activity(this.server, clock, () => this.now());
    this.connections = new Connections(this.server, this.freshness, clock, this.settings.log);
    const tokens = new Tokens();
    this.follower = new Follower(this.server, this.settings, this.freshness, tokens, clock, () => this.connections.check());
    this.verifier = new Verifier(this.server, this.freshness, this.follower, tokens, this.activity, clock);
    // A process that runs out of work tells what it has seen: once, or a server that is away would keep it for ever.
    process.once('beforeExit', this.leave);
  }

  /** The server's time, in milliseconds; this machine's until the server has said. */
  now(): number {
    return this.freshness.lease.serverNow(this.clock()) ?? Date.now();
  }

  /** Tells what was seen, and stops. */
  async close(): Promise<void> {
    process.off('beforeExit', this.leave);
    this.follower.stop();
    this.connections.close();
    await this.activity.flush();
    this.activity.stop();
    this.server.close();
  }

  /**
   * Checks the session of a request: at once from memory, with a promise otherwise. Throws `store_unavailable` when nobody knows.
   * Without `outgoing` the answer can carry no cookies.
   */
  open(incoming: Incoming, outgoing: Outgoing | null): Auth | Promise<Auth> {
    requireHttps(incoming, this.settings);
    const credential = credentialOf(incoming.headers);
    const auth = new RequestAuth(incoming, outgoing, credential.kind, this.csrf, this.server, () => this.now()) as Auth;
    const verdict = this.verifier.check(credential, outgoing !== null);
    return verdict instanceof Promise ? verdict.then(known => this.accept(auth, known, outgoing)) : this.accept(auth, verdict, outgoing);
  }

  /** A request was answered: unless it was refused or made by a machine, its user was here. */
  answered(auth: RequestAuth, status: number): void {
    if (auth.session !== null && !auth.isPoll && status !== 400 && status !== 401 && status !== 403 && status !== 429) this.activity.touch(auth.session.sid);
  }

  /** Throws `csrf_failed` if another site may have made this request, and records that. */
  checkCsrf(auth: RequestAuth, field: unknown, facts: Omit<CsrfFacts, 'trustedOrigins'> = {}): void {
    try {
      requireOwnPages(auth, field, { ...facts, trustedOrigins: this.settings.trustedOrigins });
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'csrf_failed') this.recordCsrf(auth, String(error.cause));
      throw error;
    }
  }

  checkFresh(auth: RequestAuth, requirement: FreshRequirement): void {
    requireFresh(auth, requirement, this.now());
  }

  /** Starts a session for a user whose proof the application has checked; the one that the browser presented before ends. */
  async start(auth: RequestAuth, user: User, options: StartOptions = {}): Promise<Started> {
    const { transport = 'cookie', remember, claims, data, acr, amr } = options;
    const replaces = transport === 'tokens' ? undefined : auth.session?.sid;
    auth.outgoing.set('Cache-Control', 'no-store');
    const answer = await this.server.call('POST', 'v1/sessions', {
      json: {
        subject: typeof user === 'string' ? user : String(user.id),
        transport, remember, claims, data, acr, amr, replaces,
        device: deviceOf(auth.incoming),
        auth_path: this.settings.authPath,
      },
    });
    const started = this.credentials(answer, 201, auth.outgoing);
    if (replaces !== undefined) this.freshness.ended(replaces, this.clock().monotonic);
    for (const line of otherTransport(transport, auth.incoming.headers.get('cookie'), this.settings.authPath)) auth.outgoing.append('Set-Cookie', line);
    if (transport !== 'tokens') auth.become(started.session, transport === 'cookie' ? 'cookie' : 'token-cookie');
    return started;
  }

  /** The application has checked a further proof: the session counts as more for a while, under a new credential. */
  async elevate(auth: RequestAuth, { acr, amr }: { acr?: string; amr?: string[] }): Promise<Started> {
    if (auth.session === null) throw new SessionRequiredError(auth.refusal ?? 'session_missing');
    auth.outgoing.set('Cache-Control', 'no-store');
    const answer = await this.server.call('POST', `v1/sessions/${auth.session.sid}/elevate`, { json: { acr, amr, auth_path: this.settings.authPath } });
    if (answer.status === 404) throw new SessionRequiredError('session_revoked');
    const started = this.credentials(answer, 200, auth.outgoing);
    this.freshness.endings.take({ kind: 'credentials_raised', sid: started.session.sid, least: started.session.cv }, this.clock().monotonic);
    auth.become(started.session, auth.kind);
    return started;
  }

  /** Ends one session. It has ended when this returns; that it had ended before is success, too. */
  async endSession(sid: string, reason: EndReason = 'revoked'): Promise<void> {
    this.expect(await this.server.call('DELETE', `v1/sessions/${encodeURIComponent(sid)}?reason=${reason}`), 204, 404);
    this.freshness.ended(sid, this.clock().monotonic);
    this.connections.check();
  }

  /** Ends all sessions of a subject, or all but one, by one write. */
  async endAll(subject: string, { except, reason = 'revoked' }: { except?: string; reason?: EndReason } = {}): Promise<void> {
    const query = new URLSearchParams({ reason, ...(except === undefined ? {} : { except }) });
    this.expect(await this.server.call('DELETE', `v1/subjects/${encodeURIComponent(subject)}/sessions?${query}`), 204);
    this.freshness.subjectEnded(subject, this.clock().monotonic);
  }

  /** Signs this request's browser out: what it presented has ended, and its cookies are deleted. */
  async signOut(auth: RequestAuth): Promise<void> {
    if (auth.session !== null) await this.endSession(auth.session.sid, 'signed_out');
    else await this.revokeRefreshCookie(auth);
    this.leaveBrowser(auth);
  }

  /** Tells the browser to forget everything of ours. */
  leaveBrowser(auth: RequestAuth): void {
    const { outgoing } = auth;
    for (const line of deletedCookies(this.settings.authPath)) outgoing.append('Set-Cookie', line);
    outgoing.set('Clear-Site-Data', '"cache", "cookies", "storage"');
    outgoing.set('Cache-Control', 'no-store');
    auth.become(null, 'none');
  }

  /** Records what only the application sees: an attempt to sign in that failed. `reason` is one word. */
  async recordFailure(incoming: Incoming, { subject, reason = 'wrong_password' }: { subject?: string; reason?: string } = {}): Promise<void> {
    this.expect(await this.server.call('POST', 'v1/events', { json: { type: 'sign_in.failed', subject, reason, device: deviceOf(incoming) } }), 204);
  }

  /** Checks the handshake of a WebSocket, and throws what refuses it. */
  async openUpgrade(incoming: Incoming): Promise<Auth> {
    const auth = await this.open(incoming, null);
    this.checkCsrf(auth, null, { upgrade: true });
    if (auth.session === null) throw new SessionRequiredError(auth.refusal);
    return auth;
  }

  /** Calls back once, when this session has ended. Returns what forgets it. */
  onEnded(session: Session, ended: () => void): () => void {
    return this.connections.onEnded(session, ended);
  }

  private accept(auth: Auth, verdict: Verdict, outgoing: Outgoing | null): Auth | Promise<Auth> {
    const one = auth as RequestAuth;
    one.session = verdict.session;
    one.refusal = verdict.reason;
    if (verdict.session !== null) {
      // What was made for one user stays in no cache: after a sign-out, the back button finds nothing.
      outgoing?.set('Cache-Control', 'no-store');
      for (const line of verdict.cookies) outgoing?.append('Set-Cookie', line);
      return auth;
    }

    const refresh = auth.kind === 'bearer' ? undefined : cookieIn(auth.incoming.headers.get('cookie'), cookieNames.refreshToken);
    return refresh === undefined ? auth : this.acceptRefreshable(auth, refresh);
  }

  // Only the endpoints for browsers are sent this cookie. It says whose session a CSRF token or a sign-out is about.
  private async acceptRefreshable(auth: Auth, refresh: string | null): Promise<Auth> {
    const one = auth as RequestAuth;
    if (one.kind === 'none') one.kind = 'refresh-cookie';
    if (refresh !== null) {
      const { status, body } = await this.server.call('POST', 'v1/verify', { json: { refresh_token: refresh } });
      if (status !== 200) throw new StoreUnavailableError();
      one.refreshable = body.status === 'live' ? sessionFrom(body.session) : null;
    }

    return auth;
  }

  private async revokeRefreshCookie(auth: RequestAuth): Promise<void> {
    const refresh = auth.kind === 'bearer' ? undefined : cookieIn(auth.incoming.headers.get('cookie'), cookieNames.refreshToken);
    if (typeof refresh !== 'string') return;
    const client = this.follower.application?.id;
    if (client === undefined) throw new StoreUnavailableError();
    const answer = await this.server.call('POST', 'oauth2/revoke', { form: { token: refresh, token_type_hint: 'refresh_token', client_id: client, client_secret: this.settings.apiKey }, anonymous: true });
    this.expect(answer, 200);
    if (auth.refreshable !== null) this.freshness.ended(auth.refreshable.sid, this.clock().monotonic);
  }

  private credentials(answer: Answer, status: number, outgoing: Outgoing): Started {
    this.expect(answer, status);
    const session = sessionFrom(answer.body?.session);
    if (session === null) throw new StoreUnavailableError('The server did not say what it started.');
    for (const line of cookieLines(answer.body.cookies)) outgoing.append('Set-Cookie', line);
    return { session, tokens: answer.body.tokens ?? null };
  }

  private expect(answer: Answer, ...statuses: number[]): void {
    if (!statuses.includes(answer.status)) throw refusalOf(answer);
  }

  // A flood of refused requests must not become a flood of calls.
  private recordCsrf(auth: RequestAuth, reason: string): void {
    if (this.refusalsUnderWay >= 4) return;
    this.refusalsUnderWay++;
    const subject = auth.session?.subject;
    this.server.call('POST', 'v1/events', { json: { type: 'csrf.refused', subject, reason, device: deviceOf(auth.incoming) } })
      .catch(() => {})
      .finally(() => this.refusalsUnderWay--);
  }
}

