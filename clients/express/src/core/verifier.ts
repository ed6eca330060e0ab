import type { Activity } from './activity.js';
import type { Credential } from './credential.js';
import { StoreUnavailableError } from './errors.js';
import type { Follower } from './follower.js';
import type { Freshness } from './freshness.js';
import type { Clock } from './lease.js';
import { digestOf, Memory } from './memory.js';
import { isReason, type Reason } from './reasons.js';
import type { Server } from './server.js';
import { sessionFrom, type Session } from './session.js';
import type { TokenFacts, Tokens } from './tokens.js';
import { Verdicts } from './verdicts.js';

/** Live, or refused with the reason. Nobody knows is a {@link StoreUnavailableError}. */
export interface Verdict {
  session: Session | null;
  reason: Reason | null;
  /** The lines of `Set-Cookie` that the answer passes on. */
  cookies: readonly string[];
}

const missing: Verdict = { session: null, reason: 'session_missing', cookies: [] };
const invalidToken: Verdict = { session: null, reason: 'token_invalid', cookies: [] };
const live = (session: Session, cookies: readonly string[] = []): Verdict => ({ session, reason: null, cookies });

/** Checks a credential: from memory while the lease is good, otherwise by asking the server, once for all who ask at the same time. */
export class Verifier {
  private readonly verdicts: Verdicts;
  private readonly refused = new Memory<Verdict>(10_000);
  private readonly asking = new Map<string, Promise<Verdict>>();

  constructor(
    private readonly server: Server,
    private readonly freshness: Freshness,
    private readonly follower: Follower,
    private readonly tokens: Tokens,
    private readonly activity: Activity,
    private readonly clock: Clock,
  ) {
    this.verdicts = new Verdicts(freshness);
  }

  /** Answers at once from memory, and with a promise otherwise. `renew` where the response can still carry a cookie. */
  check(credential: Credential, renew: boolean): Verdict | Promise<Verdict> {
    if (credential.kind === 'none') return missing;
    const isCookie = credential.kind === 'cookie';
    if (credential.text === null) return isCookie ? missing : invalidToken;
    const now = this.clock();
    const digest = (isCookie ? 'c' : 't') + digestOf(credential.text);
    const session = this.verdicts.recall(digest, now);
    if (session !== null) return live(session);
    const recalled = isCookie ? null : this.recallToken(credential.text);
    if (recalled !== null) return recalled;
    const refused = this.refused.get(digest, now.monotonic);
    if (refused) return refused;
    return isCookie ? this.ask(digest, { cookie: credential.text, renew }) : this.checkToken(credential.text, digest);
  }

  private recallToken(token: string): Verdict | null {
    const [application, now] = [this.follower.application, this.clock()];
    const serverNow = this.freshness.lease.serverNow(now);
    return application === null || serverNow === null ? null : this.acceptToken(this.tokens.recall(token, application, serverNow, now.monotonic));
  }

  private async checkToken(token: string, digest: string): Promise<Verdict> {
    const application = this.follower.application;
    if (application !== null && this.tokens.needsKeys(token, this.clock().monotonic)) await this.follower.loadKeys().catch(() => {});
    const serverNow = this.freshness.lease.serverNow(this.clock());
    const checked = application === null || serverNow === null ? null : await this.tokens.verify(token, application, serverNow, this.clock().monotonic);
    return this.acceptToken(checked) ?? this.ask(digest, { access_token: token });
  }

  private acceptToken(checked: TokenFacts | string | null): Verdict | null {
    if (checked === null || typeof checked === 'string' || !this.freshness.mayAnswer(this.clock()) || this.freshness.against(checked.session, -Infinity)) return null;
    this.activity.confirm(checked.session.sid, checked.generation);
    return live(checked.session);
  }

  private ask(digest: string, credential: Record<string, unknown>): Promise<Verdict> {
    const key = digest + String(credential.renew ?? '');
    let asking = this.asking.get(key);
    if (asking === undefined) {
      asking = this.verify(digest, credential).finally(() => this.asking.delete(key));
      this.asking.set(key, asking);
    }

    return asking;
  }

  private async verify(digest: string, credential: Record<string, unknown>): Promise<Verdict> {
    for (let last = false; ; last = true) {
      const asked = this.verdicts.ask(this.clock());
      const since = asked.sent.monotonic;
      // What was seen is told by Activity, so that polls are not taken for use.
      const { status, body } = await this.server.call('POST', 'v1/verify', { json: { ...credential, touch: false } });
      const now = this.clock();
      if (status === 200 && body?.status === 'invalid' && isReason(body.reason)) {
        const verdict: Verdict = { session: null, reason: body.reason, cookies: [] };
        this.verdicts.forget(digest);
        this.refused.set(digest, verdict, since + this.freshness.maxStalenessMs);
        return verdict;
      }

      const session = status === 200 && body?.status === 'live' ? sessionFrom(body.session) : null;
      if (session === null) throw new StoreUnavailableError('The server did not say what the credential is worth.');

      // An answer that was long under way tells of a time before what the feed has told since, or may have: then ask again.
      const isRecent = now.monotonic - since <= this.freshness.maxStalenessMs || this.freshness.mayAnswer(now);
      if (isRecent && (last || !this.freshness.against(session, since))) {
        this.verdicts.remember(digest, asked, session, body.remember_for_ms);
        return live(session, cookieLines(body.cookies));
      }

      if (last) throw new StoreUnavailableError('The server is slower than its own bound.');
    }
  }
}

/** `cookies[].header` of an answer, passed on as they are. */
export const cookieLines = (cookies: unknown): string[] =>
  Array.isArray(cookies) ? cookies.map(cookie => cookie?.header).filter((line): line is string => typeof line === 'string') : [];
