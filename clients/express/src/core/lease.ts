/** One moment by both clocks, in milliseconds. */
export interface Moment {
  /** By a clock that never goes back, and may stop while the machine sleeps. */
  monotonic: number;
  /** By the clock on the wall, which people and programs set. */
  wall: number;
}

export type Clock = () => Moment;

export const systemClock: Clock = () => ({ monotonic: performance.now(), wall: Date.now() });

/**
 * How long memory may still answer: a state machine that is told of answers and of the time, and reads no clock itself. The lease ends
 * when either clock says so, and at once when the wall clock goes back.
 */
export class Lease {
  private until: Moment | null = null;
  private latestWall = -Infinity;
  private serverTime: { now: number; sent: number } | null = null;
  private knownSince = -Infinity;

  /** The server said what time it was there when the request arrived. */
  tell(sent: Moment, now: number): void {
    this.serverTime = { now, sent: sent.monotonic };
  }

  /** An answer without `more` came to a request that was sent at `sent`. */
  renew(sent: Moment, received: Moment, answer: { ageMs: number; maxStalenessMs: number }): void {
    // The wall clock went back meanwhile: nothing tells how long ago that moment was.
    if (received.wall < sent.wall) {
      this.until = null;
      return;
    }

    // A negative age means news while the request waited, and none is newer than its arrival here.
    const since = -Math.min(-answer.ageMs, received.monotonic - sent.monotonic);
    this.until = { monotonic: sent.monotonic - since + answer.maxStalenessMs, wall: sent.wall - since + answer.maxStalenessMs };
    // What the server learnt while the request waited may be of another part of the store.
    this.knownSince = sent.monotonic - Math.max(0, answer.ageMs);
    this.latestWall = received.wall;
  }

  holds(now: Moment): boolean {
    if (this.until === null) return false;
    if (now.wall < this.latestWall) {
      this.until = null;
      return false;
    }

    this.latestWall = now.wall;
    return now.monotonic < this.until.monotonic && now.wall < this.until.wall;
  }

  /** Whether what happened at this monotonic time is known through the feed by now. */
  knows(monotonic: number): boolean {
    return this.knownSince > monotonic;
  }

  /** The server's time, in milliseconds since 1970; null as long as it has never said. */
  serverNow(now: Moment): number | null {
    return this.serverTime === null ? null : this.serverTime.now + (now.monotonic - this.serverTime.sent);
  }

  /** Since when, by the monotonic clock, there has been no lease; null while there is one. */
  lapsedSince(now: Moment): number | null {
    return this.holds(now) ? null : (this.until?.monotonic ?? -Infinity);
  }
}
