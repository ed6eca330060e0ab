/** The part of a Fetch `Headers` that reading takes; a header that came twice is one text, joined by commas. */
export type HeadersView = Pick<Headers, 'get'>;

export const cookieNames = {
  session: '__Host-Http-holdfast',
  preSession: '__Host-Http-holdfast-pre',
  accessToken: '__Host-Http-holdfast-at',
  refreshToken: '__Secure-holdfast-rt',
} as const;

/** What a request presents. A null text is one that nothing can be made of: a name that stands twice, say. */
export type Credential =
  | { kind: 'none' }
  | { kind: 'bearer' | 'token-cookie'; text: string | null }
  | { kind: 'cookie'; text: string | null };

const longestCookie = 4096;
const longestToken = 8 * 1024;

/** One credential: `Authorization` first, which no cookie ever replaces, then the session's cookie, then the access token's. */
export function credentialOf(headers: HeadersView): Credential {
  const authorization = headers.get('authorization');
  if (authorization !== null) {
    if (!/^bearer /i.test(authorization)) return { kind: 'none' };
    const token = authorization.slice(7).trim();
    return { kind: 'bearer', text: token.length <= longestToken && /^[A-Za-z0-9._~+/=-]+$/.test(token) ? token : null };
  }

  const line = headers.get('cookie');
  if (line === null) return { kind: 'none' };
  const session = cookieIn(line, cookieNames.session);
  if (session !== undefined) return { kind: 'cookie', text: session };
  const token = cookieIn(line, cookieNames.accessToken);
  return token === undefined ? { kind: 'none' } : { kind: 'token-cookie', text: token };
}

/** The value of the one cookie of this name; undefined if none came, null if it belongs to nobody: it came twice, or is too long. */
export function cookieIn(line: string | null, name: string): string | null | undefined {
  if (line === null || !line.includes(name)) return undefined;
  let found: string | null | undefined;
  for (const part of line.split(';')) {
    const pair = part.trim();
    if (!pair.startsWith(name) || pair[name.length] !== '=') continue;
    const value = pair.slice(name.length + 1);
    found = found === undefined && value.length <= longestCookie ? value : null;
  }

  return found;
}

const deleted = (name: string, authPath: string) =>
  `${name}=; path=${name === cookieNames.refreshToken ? authPath : '/'}; secure; httponly; samesite=lax; max-age=0`;

/** The lines that make a browser forget every cookie of a session. */
export const deletedCookies = (authPath: string): string[] =>
  [cookieNames.session, '__Host-Http-holdfast-anon', cookieNames.accessToken, cookieNames.refreshToken].map(name => deleted(name, authPath));

/** What a sign-in deletes of the transport that the browser used before: a dead session cookie would hide the live session. */
export function otherTransport(transport: string, line: string | null, authPath: string): string[] {
  const came = (name: string) => cookieIn(line, name) !== undefined;
  if (transport === 'token-cookies' && came(cookieNames.session)) return [deleted(cookieNames.session, authPath)];
  if (transport === 'cookie' && came(cookieNames.accessToken)) return [cookieNames.accessToken, cookieNames.refreshToken].map(name => deleted(name, authPath));
  return [];
}
