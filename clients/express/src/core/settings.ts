import { ConfigurationError } from './errors.js';

export type Log = (level: 'info' | 'warn' | 'error', message: string) => void;

export interface HoldfastOptions {
  /** The server. Default: `HOLDFAST_URL`, then `http://localhost:5090`. */
  url?: string;
  /** This application's key, `hfk_...`. Default: `HOLDFAST_API_KEY`. */
  apiKey?: string;
  /** Where the endpoints for browsers are served. Default: `/auth`. */
  authPath?: string;
  /** Other origins whose pages may send requests, each exactly: `https://admin.shop.example`. */
  trustedOrigins?: readonly string[];
  /** What CSRF keys are derived from; the first one signs. Default: the API key. */
  csrfSecrets?: readonly string[];
  /** Allows plain HTTP from and to other machines, where the network is yours. Default: false. */
  allowInsecureHttp?: boolean;
  /** How long the server may take for one answer, in milliseconds. Default: 3000. */
  timeoutMs?: number;
  /** `respond` (the default) answers refusals with problem details; `next` hands them to the application's error handlers. */
  errors?: 'respond' | 'next';
  /** Where log lines go. Default: the console. No line holds a secret. */
  log?: Log;
}

export interface Settings {
  url: URL;
  apiKey: string;
  authPath: string;
  trustedOrigins: ReadonlySet<string>;
  csrfSecrets: readonly string[];
  allowInsecureHttp: boolean;
  timeoutMs: number;
  errors: 'respond' | 'next';
  log: Log;
}

/** Options and environment together, or a {@link ConfigurationError} that names what is wrong. */
export function settingsOf(options: HoldfastOptions, environment: Record<string, string | undefined> = process.env): Settings {
  const apiKey = options.apiKey ?? environment.HOLDFAST_API_KEY ?? '';
  if (apiKey === '') throw new ConfigurationError('apiKey', 'is missing: set HOLDFAST_API_KEY to what `holdfast apps add` printed.');
  if (!/^hfk_[A-Za-z0-9_-]{48}$/.test(apiKey)) throw new ConfigurationError('apiKey', 'is no API key: hfk_ and 48 characters.');

  const allowInsecureHttp = options.allowInsecureHttp ?? false;
  const authPath = options.authPath ?? '/auth';
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(authPath)) throw new ConfigurationError('authPath', 'is a path such as /auth, without a slash at its end.');

  const timeoutMs = options.timeoutMs ?? 3000;
  if (!(timeoutMs >= 100 && timeoutMs <= 60_000)) throw new ConfigurationError('timeoutMs', 'is from 100 to 60000.');

  const csrfSecrets = options.csrfSecrets ?? [apiKey];
  if (csrfSecrets.length === 0 || csrfSecrets.some(secret => secret.length < 32)) throw new ConfigurationError('csrfSecrets', 'has at least one secret, of 32 characters or more each.');

  const trustedOrigins = options.trustedOrigins ?? [];
  for (const origin of trustedOrigins) {
    if (!isExactOrigin(origin)) throw new ConfigurationError('trustedOrigins', `holds '${origin}': write scheme://host[:port], with https unless the host is this machine.`);
  }

  return {
    url: urlOf(options.url ?? environment.HOLDFAST_URL ?? 'http://localhost:5090', allowInsecureHttp),
    apiKey,
    authPath,
    trustedOrigins: new Set(trustedOrigins),
    csrfSecrets,
    allowInsecureHttp,
    timeoutMs,
    errors: options.errors ?? 'respond',
    log: options.log ?? ((level, message) => console[level](`holdfast: ${message}`)),
  };
}

/** Whether a host name means this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(host) || host === '[::1]' || host === '::1';

function urlOf(text: string, allowInsecureHttp: boolean): URL {
  const url = tryUrl(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new ConfigurationError('url', `is '${withoutUser(text)}': write http(s)://host[:port].`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') throw new ConfigurationError('url', 'holds more than scheme, host, port and path: the API key is a setting of its own.');
  if (url.protocol === 'http:' && !allowInsecureHttp && !isLoopback(url.hostname)) throw new ConfigurationError('url', `is plain HTTP to ${url.hostname}: use https, or allowInsecureHttp if the network between is yours.`);
  return new URL(url.pathname.endsWith('/') ? url : url.href + '/');
}

function tryUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const withoutUser = (text: string) => text.replace(/\/\/[^/]*@/, '//***@');

function isExactOrigin(text: string): boolean {
  const url = tryUrl(text);
  return url !== null && url.origin === text && !text.includes('*') && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
}
