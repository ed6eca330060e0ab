import type { Freshness } from './freshness.js';
import type { Clock } from './lease.js';
import type { Server } from './server.js';
import { sessionFrom, type Session } from './session.js';
import type { Log } from './settings.js';

interface Open {
  session: Session;
  since: number;
  ended: () => void;
  /** When the limits of time may have been reached, by the server's clock. */
  askAt: number;
  isAsking: boolean;
}

const everyMs = 1000;
const longestWithoutLeaseMs = 30_000;
const askEveryMs = 60_000;

/** Connections that stay open end when their session ends, and when nobody has vouched for it for half a minute. */
export class Connections {
  private readonly open = new Set<Open>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly server: Server,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Calls back once, when the session has ended. Returns what forgets the connection. */
  onEnded(session: Session, ended: () => void): () => void {
    const one: Open = { session, since: this.clock().monotonic, ended, askAt: this.clock().monotonic + askEveryMs, isAsking: false };
    this.open.add(one);
    this.timer ??= setInterval(() => this.check(), everyMs).unref();
    this.check();
    return () => this.forget(one);
  }

  /** The feed has told something, or a second has passed. */
  check(): void {
    if (this.open.size === 0) return;
    const now = this.clock();
    const lapsed = this.freshness.lease.lapsedSince(now);
    for (const one of this.open) {
      const alone = lapsed !== null && now.monotonic - Math.max(lapsed, one.since) > longestWithoutLeaseMs;
      if (alone || this.freshness.endings.ended(one.session.sid)) this.end(one);
      // Its subject's sessions were ended, or it stepped up: the server says whether it is the one that goes on.
      else if (now.monotonic >= one.askAt || this.freshness.endings.against(one.session)) this.ask(one);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.open.clear();
  }

  // What every node can tell by itself, that a session idled out, is not in the feed.
  private ask(one: Open): void {
    if (one.isAsking) return;
    one.isAsking = true;
    one.askAt = this.clock().monotonic + askEveryMs;
    this.server.call('GET', `v1/sessions/${one.session.sid}`, { background: true }).then(
      ({ status, body }) => {
        if (status === 404) this.end(one);
        one.session = sessionFrom(body) ?? one.session;
      },
      () => {},
    ).finally(() => (one.isAsking = false));
  }

  private end(one: Open): void {
    if (!this.open.has(one)) return;
    this.forget(one);
    try {
      one.ended();
    } catch (error) {
      // One that cannot be closed must not keep the others open.
      this.log('error', `what was to be done at the end of a session failed: ${error instanceof Error ? error.stack : error}`);
    }
  }

  private forget(one: Open): void {
    this.open.delete(one);
    if (this.open.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
