import { StoreUnavailableError } from './errors.js';
import type { Freshness } from './freshness.js';
import type { Clock } from './lease.js';
import type { Server } from './server.js';
import { isLoopback, type Settings } from './settings.js';
import type { Expected, Tokens } from './tokens.js';

/** What `GET /v1/application` says of us. */
export interface Application extends Expected {
  id: string;
  jwksUri: URL;
}

const keysEveryMs = 10 * 60 * 1000;
const keysAgainMs = 10_000;
const slackMs = 2000;

/** Follows the feed, one request after the other, from the start until `stop`. Nothing here keeps the process running. */
export class Follower {
  application: Application | null = null;
  private stopped = false;
  private wake: (() => void) | undefined;
  private keysAt = -Infinity;
  private loadingKeys: Promise<void> | undefined;
  private told: 'following' | 'alone' | '' = '';
  private malformedTold = false;

  constructor(
    private readonly server: Server,
    private readonly settings: Settings,
    private readonly freshness: Freshness,
    private readonly tokens: Tokens,
    private readonly clock: Clock,
    private readonly news: () => void,
  ) {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }

  /** Reads the keys that sign; whoever asks meanwhile waits for the same answer. */
  loadKeys(): Promise<void> {
    this.loadingKeys ??= this.readKeys().finally(() => (this.loadingKeys = undefined));
    return this.loadingKeys;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        this.application ??= await this.readApplication();
        if (this.clock().monotonic - this.keysAt > keysEveryMs) void this.loadKeys().catch(() => {});
        const taken = await this.pull();
        if (taken === 'malformed') {
          this.malformed('an answer that is no answer of a feed: it counts as none');
          await this.pause();
        } else {
          if (taken === 'renewed') this.say('following');
          this.news();
        }
      } catch (error) {
        if (this.stopped) return;
        this.say('alone', error);
        await this.pause();
      }
    }
  }

  private async pull() {
    const { position, maxStalenessMs } = this.freshness;
    const sent = this.clock();
    const path = position === null ? 'v1/feed' : `v1/feed?after=${encodeURIComponent(position)}`;
    const answer = await this.server.call('GET', path, { background: true, timeoutMs: maxStalenessMs / 2 + slackMs });
    return this.freshness.answered(sent, this.clock(), answer.status, answer.body);
  }

  private async readApplication(): Promise<Application> {
    const { status, body } = await this.server.call('GET', 'v1/application', { background: true });
    const uri = typeof body?.jwks_uri === 'string' ? new URL(body.jwks_uri) : null;
    if (status !== 200 || uri === null || ![body.id, body.tenant, body.audience, body.issuer].every(text => typeof text === 'string')) {
      throw new StoreUnavailableError(`GET /v1/application answered ${status}, and not what a Holdfast server says.`);
    }

    return { id: body.id, tenant: body.tenant, audience: body.audience, issuer: body.issuer, jwksUri: uri };
  }

  private async readKeys(): Promise<void> {
    const uri = this.application?.jwksUri;
    if (uri === undefined) return;
    this.keysAt = this.clock().monotonic - keysEveryMs + keysAgainMs;
    if (uri.protocol !== 'https:' && !isLoopback(uri.hostname) && !this.settings.allowInsecureHttp) {
      this.malformed(`a jwks_uri of plain HTTP (${uri.origin}): access tokens are checked by the server each time`);
      return;
    }

    const { status, body } = await this.server.get(uri, { background: true });
    if (status !== 200 || !Array.isArray(body?.keys)) throw new StoreUnavailableError('The keys that sign could not be read.');
    this.tokens.use(body);
    this.keysAt = this.clock().monotonic;
  }

  private pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, 100 + Math.random() * 900).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private say(what: 'following' | 'alone', error?: unknown): void {
    if (this.told === what) return;
    const first = this.told === '';
    this.told = what;
    if (what === 'alone') this.settings.log('warn', `the feed of ${this.settings.url.origin} is away (${error instanceof Error ? error.message : 'no answer'}): each request asks the server until it is back.`);
    else if (!first) this.settings.log('info', 'the feed is back: memory answers again.');
  }

  private malformed(what: string): void {
    if (this.malformedTold) return;
    this.malformedTold = true;
    this.settings.log('error', `${this.settings.url.origin} gave ${what}.`);
  }
}
