import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Budgets } from '../src/core/budgets.js';
import { Endings } from '../src/core/endings.js';
import { isSid, parseFeed, partitionOf } from '../src/core/feed.js';
import { Freshness } from '../src/core/freshness.js';
import { Lease, type Moment } from '../src/core/lease.js';

const at = (monotonic: number, wall = monotonic): Moment => ({ monotonic, wall });
const fresh = { ageMs: 100, maxStalenessMs: 1000 };
const sid = 'BwAAAAAAAAAAAAAAAAAAAA';
const other = 'CAAAAAAAAAAAAAAAAAAAAA';
const standing = { sid, subject: 'ada', cv: 1, epoch: 5 };
const answer = (changes: Record<string, unknown> = {}) => ({
  position: 'p1', starts_over: false, more: false, age_ms: 0, max_staleness_ms: 1000, now: '2026-03-01T09:00:00Z', entries: [], ...changes,
});

describe('the lease', () => {
  test('lasts from the sending of the request, less the age, for the bound', () => {
    const lease = new Lease();
    assert.equal(lease.holds(at(0)), false);
    lease.renew(at(1000), at(1050), fresh);
    assert.equal(lease.holds(at(1899)), true);
    assert.equal(lease.holds(at(1900)), false);
  });

  test('ends by whichever clock says so first', () => {
    for (const [monotonic, wall] of [[1900, 1200], [1200, 1900]] as const) {
      const lease = new Lease();
      lease.renew(at(1000), at(1050), fresh);
      assert.equal(lease.holds(at(monotonic, wall)), false);
    }
  });

  test('ends when the wall clock goes back, and is renewed by the next answer', () => {
    const lease = new Lease();
    lease.renew(at(1000), at(1050), fresh);
    assert.equal(lease.holds(at(1100, 1049)), false);
    assert.equal(lease.holds(at(1101, 1102)), false, 'not even when it goes on again');
    lease.renew(at(1200, 600), at(1210, 610), fresh);
    assert.equal(lease.holds(at(1220, 620)), true);
  });

  test('is not renewed by an answer during which the wall clock went back', () => {
    const lease = new Lease();
    lease.renew(at(1000, 1000), at(1050, 900), fresh);
    assert.equal(lease.holds(at(1060, 910)), false);
  });

  test('counts news that came while the request waited, and none that is newer than its arrival', () => {
    const lease = new Lease();
    lease.renew(at(1000), at(1400), { ...fresh, ageMs: -300 });
    assert.equal(lease.holds(at(2299)), true);
    assert.equal(lease.holds(at(2300)), false);
    lease.renew(at(3000), at(3010), { ...fresh, ageMs: -100_000 });
    assert.equal(lease.holds(at(4009)), true);
    assert.equal(lease.holds(at(4010)), false);
  });

  test("keeps the server's time by the monotonic clock alone", () => {
    const lease = new Lease();
    assert.equal(lease.serverNow(at(0)), null);
    lease.tell(at(1000, 999_999), 5_000_000);
    assert.equal(lease.serverNow(at(3000, 7)), 5_002_000);
  });
});

describe('the feed', () => {
  test('an answer with anything malformed in it is none', () => {
    assert.notEqual(parseFeed(answer()), null);
    const malformed = [
      null, 'text', [], {}, answer({ position: '' }), answer({ position: 7 }), answer({ more: 'no' }), answer({ starts_over: 1 }), answer({ age_ms: null }), answer({ age_ms: 1.5 }),
      answer({ max_staleness_ms: 0 }), answer({ max_staleness_ms: 3_600_000 }), answer({ now: 'noon' }), answer({ now: 12 }), answer({ entries: {} }),
      ...[{}, null, { kind: 'session_ended' }, { kind: 'session_ended', sid: 'short' }, { kind: 'session_ended', sid: sid.slice(0, 21) + 'B' }, { kind: 'credentials_raised', sid },
        { kind: 'credentials_raised', sid, least: -1 }, { kind: 'subject_ended', subject: '', least: 1 }, { kind: 'subject_ended', subject: 'ada' },
        { kind: 'everyone_ended', partition: 256, least: 1 }, { kind: 'everyone_ended', least: 1 }, { kind: 'something_new', sid }].map(entry => answer({ entries: [entry] })),
    ];
    for (const json of malformed) {
      const freshness = new Freshness();
      assert.equal(freshness.take(at(0), at(1), json), 'malformed', JSON.stringify(json));
      assert.equal(freshness.mayAnswer(at(2)), false);
    }
  });

  test('an answer with more renews nothing, and one that leads nowhere is malformed', () => {
    const freshness = new Freshness();
    assert.equal(freshness.take(at(0), at(1), answer({ more: true, entries: [{ kind: 'session_ended', sid }] })), 'more');
    assert.equal(freshness.mayAnswer(at(2)), false);
    assert.equal(freshness.against(standing, 0), true);
    assert.equal(freshness.take(at(3), at(4), answer({ more: true })), 'malformed');
    assert.equal(freshness.take(at(5), at(6), answer({ position: 'p2' })), 'renewed');
    assert.equal(freshness.mayAnswer(at(7)), true);
  });

  test('starting over forgets verdicts and keeps endings', () => {
    const freshness = new Freshness();
    freshness.take(at(0), at(1), answer({ entries: [{ kind: 'session_ended', sid }] }));
    const { generation } = freshness;
    freshness.take(at(2), at(3), answer({ position: 'p9', starts_over: true }));
    assert.notEqual(freshness.generation, generation);
    assert.equal(freshness.against(standing, 0), true);
  });

  test("a subject's sessions that this process ended are doubted until the feed has caught up", () => {
    const freshness = new Freshness();
    freshness.take(at(0), at(1), answer());
    assert.equal(freshness.against(standing, -Infinity), false);
    freshness.subjectEnded('ada', 100);
    assert.deepEqual([freshness.against(standing, 50), freshness.against(standing, 101)], [true, false]);
    freshness.take(at(90), at(110), answer({ position: 'p2' }));
    assert.equal(freshness.against(standing, 50), true, 'that answer may be from before');
    freshness.take(at(120), at(121), answer({ position: 'p3', entries: [{ kind: 'subject_ended', subject: 'ada', least: 6 }] }));
    assert.equal(freshness.against(standing, 50), true);
    assert.equal(freshness.against({ ...standing, epoch: 6 }, 50), false);
  });
});

describe('endings', () => {
  test('each kind speaks against what it names, and the greatest wins', () => {
    const endings = new Endings();
    endings.take({ kind: 'credentials_raised', sid, least: 2 }, 0);
    endings.take({ kind: 'credentials_raised', sid, least: 1 }, 0);
    assert.deepEqual([1, 2].map(cv => endings.against({ ...standing, cv })), [true, false]);
    endings.take({ kind: 'everyone_ended', partition: 8, least: 9 }, 0);
    assert.deepEqual([8, 9].map(epoch => endings.against({ ...standing, sid: other, epoch })), [true, false]);
    endings.take({ kind: 'session_ended', sid }, 0);
    endings.take({ kind: 'credentials_raised', sid, least: 1 }, 1);
    assert.equal(endings.against({ ...standing, cv: 1_000_000 }), true, 'nothing revives an ended session');
    assert.equal(endings.ended(sid), true);
  });

  test('are kept for an hour from when they were learnt', () => {
    const endings = new Endings();
    endings.take({ kind: 'session_ended', sid }, 0);
    endings.prune(3_599_999);
    assert.equal(endings.against(standing), true);
    endings.prune(3_600_000);
    assert.deepEqual([endings.against(standing), endings.size], [false, 0]);
  });

  test('beyond the limit nothing is kept, and nothing trusted for as long as it would have been', () => {
    const freshness = new Freshness(2);
    const flood = ['BwAAAAAAAAAAAAAAAAAAAA', 'BwAAAAAAAAAAAAAAAAAAAQ', 'BwAAAAAAAAAAAAAAAAAAAg'].map(one => ({ kind: 'session_ended', sid: one }));
    freshness.take(at(0), at(1), answer({ entries: flood }));
    assert.deepEqual([freshness.endings.size, freshness.mayAnswer(at(2))], [2, false]);
    freshness.take(at(3_600_000), at(3_600_001), answer({ position: 'p2' }));
    assert.equal(freshness.mayAnswer(at(3_600_002)), true);
  });
});

test('a handle has one spelling, and its first byte is the partition', () => {
  assert.deepEqual([sid, sid.slice(0, 21), sid.slice(0, 21) + 'B', sid + 'A', 7].map(isSid), [true, false, false, false, false]);
  assert.equal(partitionOf(sid), 7);
});

test('a budget gives a tenth of a minute at once and the rest evenly', () => {
  const budgets = new Budgets(60);
  const taken = (monotonic: number) => [1, 2, 3, 4, 5, 6, 7].filter(() => budgets.tryTake('one', monotonic)).length;
  assert.deepEqual([taken(0), taken(1000), taken(60_000)], [6, 1, 6]);
  assert.equal(budgets.tryTake('two', 60_000), true);
});
