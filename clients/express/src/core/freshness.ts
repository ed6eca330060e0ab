import { Endings, type Standing } from './endings.js';
import { parseFeed } from './feed.js';
import { Lease, type Moment } from './lease.js';

/** What became of an answer of the feed. */
export type Taken = 'renewed' | 'more' | 'malformed';

/** All that a process knows through the feed: told of answers and of the time, without any I/O. */
export class Freshness {
  readonly lease = new Lease();
  readonly endings: Endings;

  /** Verdicts of an earlier generation are forgotten, also those that were being fetched. */
  generation = 0;
  position: string | null = null;
  maxStalenessMs = 1000;

  // Subjects whose sessions this process has ended, until the feed tells what that means.
  private readonly ownEnds = new Map<string, number>();

  constructor(limit?: number) {
    this.endings = new Endings(limit);
  }

  /** An answer came at `received` to a request that was sent at `sent`. */
  take(sent: Moment, received: Moment, json: unknown): Taken {
    const answer = parseFeed(json);
    // Who is told that there is more, and given nothing, would ask for ever.
    if (answer === null || (answer.more && answer.position === this.position && answer.entries.length === 0)) return 'malformed';
    if (answer.startsOver) this.generation++;
    this.endings.prune(received.monotonic);
    for (const entry of answer.entries) this.endings.take(entry, received.monotonic);
    this.position = answer.position;
    this.maxStalenessMs = answer.maxStalenessMs;
    this.lease.tell(sent, answer.now);
    if (answer.more) return 'more';
    this.lease.renew(sent, received, answer);
    for (const [subject, at] of this.ownEnds) if (this.lease.knows(at)) this.ownEnds.delete(subject);
    return 'renewed';
  }

  /** The same, for whatever was answered. A position that the server refuses is no place to go on from. */
  answered(sent: Moment, received: Moment, status: number, json: unknown): Taken {
    if (status === 200) return this.take(sent, received, json);
    if (status === 400 && this.position !== null) {
      this.position = null;
      this.generation++;
    }

    return 'malformed';
  }

  /** Whether memory may answer at all. */
  mayAnswer(now: Moment): boolean {
    return this.lease.holds(now) && this.endings.trusted(now.monotonic);
  }

  /** Whether anything speaks against what was learnt at `since`. */
  against(standing: Standing, since: number): boolean {
    const ownEnd = this.ownEnds.get(standing.subject);
    return this.endings.against(standing) || (ownEnd !== undefined && ownEnd >= since);
  }

  /** The server has acknowledged the end of one session. */
  ended(sid: string, monotonic: number): void {
    this.endings.take({ kind: 'session_ended', sid }, monotonic);
  }

  /** The server has acknowledged the end of a subject's sessions; which epoch that made, only the feed says. */
  subjectEnded(subject: string, monotonic: number): void {
    this.ownEnds.set(subject, monotonic);
  }
}
