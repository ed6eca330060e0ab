/** One answer of `GET /v1/feed`, in our words. */
export interface FeedAnswer {
  position: string;
  startsOver: boolean;
  more: boolean;
  ageMs: number;
  maxStalenessMs: number;
  /** The server's time when the request arrived there, in milliseconds since 1970. */
  now: number;
  entries: FeedEntry[];
}

export type FeedEntry =
  | { kind: 'session_ended'; sid: string }
  | { kind: 'credentials_raised'; sid: string; least: number }
  | { kind: 'subject_ended'; subject: string; least: number }
  | { kind: 'everyone_ended'; partition: number; least: number };

/** What no server of ours says: its bound is from 200 ms to 10 s. */
const longestStaleness = 10_000;

/** The answer, or null if anything in it is not as it must be: then it is an answer that never came. */
export function parseFeed(json: unknown): FeedAnswer | null {
  if (!isObject(json)) return null;
  const { position, starts_over: startsOver, more, age_ms: ageMs, max_staleness_ms: maxStalenessMs } = json;
  const now = typeof json.now === 'string' ? Date.parse(json.now) : NaN;
  if (typeof position !== 'string' || position === '' || typeof startsOver !== 'boolean' || typeof more !== 'boolean'
    || !Number.isSafeInteger(ageMs) || !Number.isSafeInteger(maxStalenessMs)
    || (maxStalenessMs as number) <= 0 || (maxStalenessMs as number) > longestStaleness
    || Number.isNaN(now) || !Array.isArray(json.entries)) return null;
  const entries: FeedEntry[] = [];
  for (const one of json.entries) {
    const entry = parseEntry(one);
    if (entry === null) return null;
    entries.push(entry);
  }
  return { position, startsOver, more, ageMs: ageMs as number, maxStalenessMs: maxStalenessMs as number, now, entries };
}

function parseEntry(json: unknown): FeedEntry | null {
  if (!isObject(json)) return null;
  const { kind, sid, subject, partition, least } = json;
  const hasLeast = Number.isSafeInteger(least) && (least as number) >= 0;
  switch (kind) {
    case 'session_ended':
      return isSid(sid) ? { kind, sid } : null;
    case 'credentials_raised':
      return isSid(sid) && hasLeast ? { kind, sid, least: least as number } : null;
    case 'subject_ended':
      return typeof subject === 'string' && subject !== '' && hasLeast ? { kind, subject, least: least as number } : null;
    case 'everyone_ended':
      return Number.isInteger(partition) && (partition as number) >= 0 && (partition as number) <= 255 && hasLeast
        ? { kind, partition: partition as number, least: least as number } : null;
    default:
      return null;
  }
}

const isObject = (json: unknown): json is Record<string, unknown> => typeof json === 'object' && json !== null && !Array.isArray(json);

/** A session's handle: exactly 22 characters of base64url, the last of which leaves no bits over. */
export const isSid = (text: unknown): text is string => typeof text === 'string' && /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text);

/** The first byte of a handle. */
export const partitionOf = (sid: string): number => Buffer.from(sid.slice(0, 2), 'base64url')[0]!;
