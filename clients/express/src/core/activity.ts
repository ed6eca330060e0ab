import type { Clock } from './lease.js';
import type { Server } from './server.js';
import { Memory } from './memory.js';

const everyMs = 5000;
const againAfterMs = 60_000;
const mostInBatch = 500;
const mostWaiting = 50_000;

/** What this process saw of sessions that it checked by itself, told in batches. A batch that fails waits for the next round. */
export class Activity {
  private readonly told = new Memory<true>(100_000);
  private seen = new Map<string, number>();
  private confirmed = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> = Promise.resolve();

  constructor(private readonly server: Server, private readonly clock: Clock, private readonly serverNow: () => number) {}

  /** Whether this session's use is still to be told: at most once a minute. */
  isDue(sid: string): boolean {
    return this.told.get(`s${sid}`, this.clock().monotonic) === undefined;
  }

  /** A request was made for the user. */
  touch(sid: string): void {
    if (!this.isDue(sid)) return;
    this.told.set(`s${sid}`, true, this.clock().monotonic + againAfterMs);
    if (this.seen.size < mostWaiting) this.seen.set(sid, this.serverNow());
    this.later();
  }

  /** An access token of this generation is in use, so its holder has received it. */
  confirm(sid: string, generation: number): void {
    if (generation <= 0 || this.told.get(`g${sid}|${generation}`, this.clock().monotonic)) return;
    this.told.set(`g${sid}|${generation}`, true, this.clock().monotonic + 60 * againAfterMs);
    if (this.confirmed.size < mostWaiting) this.confirmed.set(sid, Math.max(generation, this.confirmed.get(sid) ?? 0));
    this.later();
  }

  /** Tells all that is known now. Never throws: what could not be told is told later. */
  flush(): Promise<void> {
    this.telling = this.telling.then(() => this.tell());
    return this.telling;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private later(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, everyMs).unref();
  }

  private async tell(): Promise<void> {
    while (this.seen.size + this.confirmed.size > 0) {
      const confirmed = take(this.confirmed, mostInBatch);
      const seen = take(this.seen, mostInBatch - confirmed.length);
      try {
        await this.server.call('POST', 'v1/activity', {
          json: {
            seen: seen.map(([sid, at]) => ({ sid, at: new Date(at).toISOString() })),
            confirmed: confirmed.map(([sid, generation]) => ({ sid, generation })),
          },
        });
      } catch {
        for (const [sid, at] of seen) this.seen.set(sid, Math.max(at, this.seen.get(sid) ?? 0));
        for (const [sid, generation] of confirmed) this.confirmed.set(sid, Math.max(generation, this.confirmed.get(sid) ?? 0));
        this.later();
        return;
      }
    }
  }
}

function take(from: Map<string, number>, most: number): [string, number][] {
  const taken: [string, number][] = [];
  for (const entry of from) {
    if (taken.length >= most) break;
    taken.push(entry);
  }

  for (const [key] of taken) from.delete(key);
  return taken;
}
