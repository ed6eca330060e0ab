import type { Freshness } from './freshness.js';
import type { Moment } from './lease.js';
import { Memory } from './memory.js';
import type { Session } from './session.js';

/** A question that is under way. */
export interface Asked {
  sent: Moment;
  generation: number;
}

interface Remembered extends Asked {
  session: Session;
  untilWall: number;
}

const longestMs = 10 * 60 * 1000;

/** What the server has vouched for, by the digest of the credential: good while the lease is, and nothing speaks against it. */
export class Verdicts {
  private readonly live = new Memory<Remembered>(50_000);

  constructor(private readonly freshness: Freshness) {}

  ask(now: Moment): Asked {
    return { sent: now, generation: this.freshness.generation };
  }

  /** The server said live, for so long since it was asked. */
  remember(digest: string, asked: Asked, session: Session, rememberForMs: unknown): void {
    const forMs = Math.min(Number.isSafeInteger(rememberForMs) ? (rememberForMs as number) : 0, longestMs);
    if (forMs <= 0 || asked.generation !== this.freshness.generation) return this.forget(digest);
    this.live.set(digest, { ...asked, session, untilWall: asked.sent.wall + forMs }, asked.sent.monotonic + forMs);
  }

  recall(digest: string, now: Moment): Session | null {
    if (!this.freshness.mayAnswer(now)) return null;
    const known = this.live.get(digest, now.monotonic);
    return known === undefined || known.generation !== this.freshness.generation || now.wall >= known.untilWall || now.wall < known.sent.wall
      || this.freshness.against(known.session, known.sent.monotonic) ? null : known.session;
  }

  forget(digest: string): void {
    this.live.delete(digest);
  }
}
