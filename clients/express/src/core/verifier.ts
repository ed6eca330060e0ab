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
import type { Tokens } from './tokens.js';

/** Live, or refused with the reason. Nobody knows is a {@link StoreUnavailableError}. */
export interface Verdict {
  session: Session | null;
  reason: Reason | null;
  /** The lines of `Set-Cookie` that the answer passes on. */
  cookies: readonly string[];
}

interface Remembered {
  verdict: Verdict;
  since: number;
  generation: number;
}

const longestMs = 10 * 60 * 1000;
const missing: Verdict = { session: null, reason: 'session_missing', cookies: [] };
const invalidToken: Verdict = { session: null, reason: 'token_invalid', cookies: [] };

/** Checks a credential: from memory while the lease is good, otherwise by asking the server, once for all who ask at the same time. */
export class Verifier {
  private readonly live = new Memory<Remembered>(50_000);
  private readonly refused = new Memory<Verdict>(10_000);
  private readonly asking = new Map<string, Promise<Verdict>>();

  constructor(
    private readonly server: Server,
    private readonly freshness: Freshness,
    private readonly follower: Follower,
    private readonly tokens: Tokens,
    private readonly activity: Activity,
    private readonly clock: Clock,
  ) {}

  /** Answers at once from memory, and with a promise otherwise. `renew` where the response can still carry a cookie. */
  check(credential: Credential, renew: boolean): Verdict | Promise<Verdict> {
    if (credential.kind === 'none') return missing;
    const isCookie = credential.kind === 'cookie';
    if (credential.text === null) return isCookie ? missing : invalidToken;
    const now = this.clock();
    const digest = (isCookie ? 'c' : 't') + digestOf(credential.text);
    if (this.freshness.mayAnswer(now)) {
      const known = this.live.get(digest, now.monotonic);
      if (known && known.generation === this.freshness.generation && !this.freshness.against(known.verdict.session!, known.since)) return known.verdict;
      if (!isCookie) {
        const verdict = this.recallToken(credential.text);
        if (verdict !== null) return verdict;
      }
    }

    const refused = this.refused.get(digest, now.monotonic);
    if (refused) return refused;
    return isCookie ? this.ask(digest, { cookie: credential.text, renew }) : this.checkToken(credential.text, digest);
  }

  private recallToken(token: string): Verdict | null {
    const [application, now] = [this.follower.application, this.clock()];
    const serverNow = this.freshness.lease.serverNow(now);
    if (application === null || serverNow === null) return null;
    const facts = this.tokens.recall(token, application, serverNow, now.monotonic);
    return facts === null ? null : this.acceptToken(facts);
  }

  private acceptToken({ session, generation }: { session: Session; generation: number }): Verdict | null {
    if (this.freshness.against(session, -Infinity)) return null;
    this.activity.confirm(session.sid, generation);
    return { session, reason: null, cookies: [] };
  }

  private async checkToken(token: string, digest: string): Promise<Verdict> {
    const application = this.follower.application;
    if (application !== null && this.tokens.needsKeys(token, this.clock().monotonic)) await this.follower.loadKeys().catch(() => {});
    const serverNow = this.freshness.lease.serverNow(this.clock());
    if (application !== null && serverNow !== null) {
      const facts = await this.tokens.verify(token, application, serverNow, this.clock().monotonic);
      const verdict = facts !== null && this.freshness.mayAnswer(this.clock()) ? this.acceptToken(facts) : null;
      if (verdict !== null) return verdict;
    }

    return this.ask(digest, { access_token: token });
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
      const sent = this.clock();
      const generation = this.freshness.generation;
      // What was seen is told by Activity, so that polls are not taken for use.
      const { status, body } = await this.server.call('POST', 'v1/verify', { json: { ...credential, touch: false } });
      const now = this.clock();
      if (status === 200 && body?.status === 'invalid' && isReason(body.reason)) {
        const verdict: Verdict = { session: null, reason: body.reason, cookies: [] };
        this.live.delete(digest);
        this.refused.set(digest, verdict, sent.monotonic + this.freshness.maxStalenessMs);
        return verdict;
      }

      const session = status === 200 && body?.status === 'live' ? sessionFrom(body.session) : null;
      if (session === null) throw new StoreUnavailableError('The server did not say what the credential is worth.');

      // An answer that was long under way tells of a time before what the feed has told since, or may have: then ask again.
      const isRecent = now.monotonic - sent.monotonic <= this.freshness.maxStalenessMs || this.freshness.mayAnswer(now);
      if (!isRecent || (!last && this.freshness.against(session, sent.monotonic))) {
        if (last) throw new StoreUnavailableError('The server is slower than its own bound.');
        continue;
      }

      const forMs = Math.min(Number(body.remember_for_ms) || 0, longestMs);
      const verdict: Verdict = { session, reason: null, cookies: [] };
      if (forMs > 0 && generation === this.freshness.generation) this.live.set(digest, { verdict, since: sent.monotonic, generation }, sent.monotonic + forMs);
      return { ...verdict, cookies: cookieLines(body.cookies) };
    }
  }
}

/** `cookies[].header` of an answer, passed on as they are. */
export const cookieLines = (cookies: unknown): string[] =>
  Array.isArray(cookies) ? cookies.map(cookie => cookie?.header).filter((line): line is string => typeof line === 'string') : [];
