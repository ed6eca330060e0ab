import { cookieIn, cookieNames, type HeadersView } from './credential.js';
import { isSafe } from './csrf.js';
import { HoldfastError } from './errors.js';
import { isLoopback, type Settings } from './settings.js';

/** A request, as far as sessions look at it: a Fetch `Request` fits, with the two facts that it lacks. */
export interface Incoming {
  readonly method: string;
  readonly headers: HeadersView;
  /** The client's address, as the application trusts its proxies to tell it. */
  readonly ip: string | undefined;
  /** Whether it came over TLS. */
  readonly secure: boolean;
}

/** Where headers of the answer go: a Fetch `Headers` fits. */
export type Outgoing = Pick<Headers, 'append' | 'set'>;

/** Where the user is, for the list of devices and the audit trail. */
export function deviceOf({ headers, ip }: Incoming): { user_agent?: string; ip?: string } {
  const agent = headers.get('user-agent');
  const address = ip?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return { ...(agent ? { user_agent: agent } : {}), ...(address ? { ip: address } : {}) };
}

/** Credentials, and requests that could lead to one, travel over HTTPS. This machine is excepted, so that development needs no certificate. */
export function requireHttps(incoming: Incoming, settings: Settings): void {
  if (settings.allowInsecureHttp || incoming.secure || isThisMachine(incoming)) return;
  if (isSafe(incoming.method) && !carriesCredential(incoming.headers)) return;
  const proxied = incoming.headers.get('x-forwarded-proto') !== null || incoming.headers.get('forwarded') !== null;
  throw new HoldfastError('https_required', {
    setting: 'allowInsecureHttp',
    detail: proxied
      ? "The request came through a proxy that the application does not trust: name it, with Express by app.set('trust proxy', ...)."
      : "Credentials travel over HTTPS only. If a proxy ends TLS in front of this application, let it send X-Forwarded-Proto and trust it, with Express by app.set('trust proxy', ...).",
  });
}

function isThisMachine({ headers, ip }: Incoming): boolean {
  const host = (headers.get('host') ?? '').replace(/:\d+$/, '').toLowerCase();
  return (ip === undefined || isLoopback(ip.replace(/^::ffff:/i, ''))) && (host === '' || isLoopback(host));
}

function carriesCredential(headers: HeadersView): boolean {
  const cookies = headers.get('cookie');
  return headers.get('authorization') !== null
    || [cookieNames.session, cookieNames.accessToken, cookieNames.refreshToken].some(name => cookieIn(cookies, name) !== undefined);
}
