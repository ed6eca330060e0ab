import { partitionOf, type FeedEntry } from './feed.js';

/** What memory knows of a session, and the feed may contradict. */
export interface Standing {
  sid: string;
  subject: string;
  cv: number;
  epoch: number;
}

const memoryMs = 60 * 60 * 1000;
const mostEndings = 500_000;

interface Ending {
  least: number;
  learnt: number;
}

/**
 * What has ended, for an hour from when it was learnt. The greatest `least` wins. Beyond the limit nothing more is kept, and memory is
 * not trusted until what was not kept would have been forgotten anyway.
 */
export class Endings {
  private readonly kept = new Map<string, Ending>();
  private untrustedUntil = -Infinity;

  constructor(private readonly limit = mostEndings) {}

  get size(): number {
    return this.kept.size;
  }

  take(entry: FeedEntry, monotonic: number): void {
    switch (entry.kind) {
      case 'session_ended':
        return this.keep(`s${entry.sid}`, Infinity, monotonic);
      case 'credentials_raised':
        return this.keep(`s${entry.sid}`, entry.least, monotonic);
      case 'subject_ended':
        return this.keep(`u${entry.subject}`, entry.least, monotonic);
      case 'everyone_ended':
        return this.keep(`p${entry.partition}`, entry.least, monotonic);
    }
  }

  /** Whether anything speaks against it. */
  against({ sid, subject, cv, epoch }: Standing): boolean {
    if (this.kept.size === 0) return false;
    return cv < this.least(`s${sid}`) || epoch < this.least(`u${subject}`) || epoch < this.least(`p${partitionOf(sid)}`);
  }

  /** Whether this session has ended by itself, whatever its credentials are. */
  ended(sid: string): boolean {
    return this.least(`s${sid}`) === Infinity;
  }

  trusted(monotonic: number): boolean {
    return monotonic >= this.untrustedUntil;
  }

  /** Forgets what is older than an hour. Entries lie in the order in which they were learnt. */
  prune(monotonic: number): void {
    for (const [key, { learnt }] of this.kept) {
      if (monotonic - learnt < memoryMs) return;
      this.kept.delete(key);
    }
  }

  private least(key: string): number {
    return this.kept.get(key)?.least ?? -Infinity;
  }

  private keep(key: string, least: number, learnt: number): void {
    const before = this.kept.get(key);
    if (before === undefined && this.kept.size >= this.limit) {
      this.untrustedUntil = learnt + memoryMs;
      return;
    }

    this.kept.delete(key);
    this.kept.set(key, { least: Math.max(least, before?.least ?? -Infinity), learnt });
  }
}
