import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { cookieIn } from '../src/core/credential.js';
import { Csrf, preSessionBinding, sessionBinding } from '../src/core/csrf.js';
import { Freshness } from '../src/core/freshness.js';
import { judgeOrigin } from '../src/core/guards.js';
import type { Moment } from '../src/core/lease.js';
import { Tokens } from '../src/core/tokens.js';
import { Verdicts, type Asked } from '../src/core/verdicts.js';
import { repository } from './server.js';

const vectors = (name: string) => JSON.parse(readFileSync(path.join(repository, 'protocol/vectors', name), 'utf8'));

describe('vectors: cookies', () => {
  for (const { name, cookie, header, value } of vectors('cookies.json').cases) {
    test(name, () => assert.equal(cookieIn(header, cookie) ?? null, value ?? null));
  }
});

describe('vectors: CSRF tokens', () => {
  const { keys, now, tokens, pre_sessions: preSessions } = vectors('csrf-tokens.json');
  const csrf = new Csrf(keys.map((one: any) => one.secret));
  for (const { secret, csrf: key, pre_session: preKey } of keys) {
    test(`the keys of "${secret}"`, () => {
      const [own, zeros, binding] = [new Csrf([secret]), Buffer.alloc(32), sessionBinding('AIsBIqdYbCcpmEJS3qM9rQ', 1)];
      const hmac = (hex: string, text: Buffer) => createHmac('sha256', Buffer.from(hex, 'hex')).update(text).digest();
      assert.equal(own.issue(binding, zeros), Buffer.concat([zeros, hmac(key, binding)]).toString('base64url'));
      const value = Buffer.from(/=([^;]+);/.exec(own.newPreSession(now * 1000, zeros).header)![1]!, 'base64url');
      assert.deepEqual(value.subarray(40), hmac(preKey, value.subarray(0, 40)));
    });
  }

  for (const { name, binding, token, valid } of tokens) {
    test(name, () => assert.equal(csrf.isValid(binding.sid ? sessionBinding(binding.sid, binding.cv) : preSessionBinding(Buffer.from(binding.nonce, 'base64url')), token), valid));
  }

  for (const { name, value, nonce } of preSessions) {
    test(`pre-session: ${name}`, () => assert.equal(csrf.nonceOf(value, now * 1000)?.toString('base64url') ?? null, nonce ?? null));
  }
});

describe('vectors: CSRF requests', () => {
  for (const { name, method, host, headers, credential, upgrade, trusted_origins: trusted, answer } of vectors('csrf-requests.json').cases) {
    test(name, () => assert.equal(judgeOrigin(method, new Headers({ ...(host ? { host } : {}), ...headers }), credential, upgrade ?? false, new Set(trusted)), answer));
  }
});

describe('vectors: access tokens', () => {
  const { issuer, audience, tenant, now, jwks, cases } = vectors('access-tokens.json');
  const expected = { issuer, audience, tenant };
  for (const { name, token, answer, facts } of cases) {
    test(name, async () => {
      const tokens = new Tokens();
      tokens.use(jwks);
      // Twice: remembered signatures change nothing.
      for (const judged of [await tokens.verify(token, expected, now * 1000, 0), tokens.recall(token, expected, now * 1000, 1)]) {
        if (judged === null) continue;
        assert.equal(typeof judged === 'string' ? judged : 'valid', answer);
        if (typeof judged === 'string') continue;
        const { session, generation } = judged;
        const known: Record<string, unknown> = { sid: session.sid, subject: session.subject, tenant: session.tenant, epoch: session.epoch, cv: session.cv, generation, auth_time: session.authTime, acr: session.acr, amr: session.amr };
        for (const [fact, value] of Object.entries(facts)) if (fact in known) assert.deepEqual(known[fact] ?? null, value ?? null, fact);
      }
    });
  }
});

describe('vectors: feeds', () => {
  const { wall_at_0: wallAt0, cases } = vectors('feeds.json');
  for (const { name, steps } of cases) {
    test(name, () => {
      const freshness = new Freshness();
      const verdicts = new Verdicts(freshness);
      const asked = new Map<string, Asked>();
      let sent: Moment | undefined;
      for (const step of steps) {
        const now: Moment = { monotonic: step.at, wall: wallAt0 + step.at + (step.wall_ahead ?? 0) };
        const at = JSON.stringify(step);
        switch (step.do) {
          case 'send':
            assert.equal(freshness.position, step.after ?? null, at);
            sent = now;
            break;
          case 'answer': {
            const taken = freshness.answered(sent!, now, step.status, step.body ?? parse(step.text));
            assert.equal(taken === 'more' ? 'at_once' : 'later', step.then, at);
            break;
          }
          case 'lost':
            break;
          case 'ask':
            asked.set(step.credential, verdicts.ask(now));
            break;
          case 'verdict':
            verdicts.remember(step.credential, asked.get(step.credential)!, { tenant: 'default', claims: {}, authTime: null, acr: null, amr: [], ...step.session }, step.remember_for_ms);
            break;
          case 'ended':
            if (step.sid) freshness.ended(step.sid, now.monotonic);
            else freshness.subjectEnded(step.subject, now.monotonic);
            break;
          case 'raised':
            freshness.endings.take({ kind: 'credentials_raised', sid: step.sid, least: step.cv }, now.monotonic);
            break;
          case 'question': {
            const serverNow = freshness.lease.serverNow(now);
            const answers = step.credential ? verdicts.recall(step.credential, now) !== null
              : freshness.mayAnswer(now) && !freshness.against(step.token, -Infinity) && serverNow !== null && serverNow / 1000 < step.token.exp + 5;
            assert.equal(answers, step.answers, at);
            break;
          }
          default:
            assert.fail(`There is no step '${step.do}'.`);
        }
      }
    });
  }
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
