import type { RequestAuth } from './auth.js';
import { bodyOf } from './body.js';
import type { Client } from './client.js';
import { cookieIn, cookieNames } from './credential.js';
import { csrfField, csrfHeader, isSafe } from './csrf.js';
import { HoldfastError, SessionRequiredError } from './errors.js';
import { isSid } from './feed.js';
import { requireSession } from './guards.js';
import { deviceOf } from './request.js';
import { isReason } from './reasons.js';
import { refusalOf, type Answer } from './server.js';
import { cookieLines } from './verifier.js';

type Body = Record<string, unknown>;
type Endpoint = (client: Client, auth: RequestAuth, body: Body, sid: string) => Promise<unknown>;

const recentSignIn = 300;

const endpoints: Record<string, Record<string, Endpoint>> = {
  '/session': { GET: current },
  '/sessions': { GET: devices },
  '/sessions/:sid': { DELETE: endDevice },
  '/logout': { POST: logout },
  '/refresh': { POST: refresh },
  '/csrf': { GET: csrf },
};

/**
 * The endpoints for browsers, as a Fetch handler; cookies go to `auth.outgoing`. `path` is what follows the path where they are served.
 * None of them counts as use.
 */
export async function handle(client: Client, auth: RequestAuth, request: Request, path: string): Promise<Response> {
  auth.isPoll = true;
  try {
    const sid = /^\/sessions\/([^/]+)$/.exec(path)?.[1];
    const methods = endpoints[sid === undefined ? path : '/sessions/:sid'];
    if (methods === undefined) throw new HoldfastError('not_found');
    const endpoint = methods[request.method === 'HEAD' ? 'GET' : request.method];
    if (endpoint === undefined) throw new HoldfastError('invalid_request', { status: 405, detail: `Use ${Object.keys(methods).join(' or ')}.`, headers: { Allow: Object.keys(methods).join(', ') } });

    // Where it comes from is judged before anything is said of the body; the token may stand in it.
    const body = isSafe(request.method) ? {} : await bodyOf(request);
    client.checkCsrf(auth, body[csrfField], { provenByBody: path === '/refresh' });
    const headers = new Headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    const answer = await endpoint(client, auth, body, sid ?? '');
    if (answer === undefined) return new Response(null, { status: 204, headers });
    headers.set('Content-Type', 'application/json; charset=utf-8');
    return new Response(JSON.stringify(answer), { headers });
  } catch (error) {
    if (error instanceof HoldfastError) return error.getResponse();
    client.settings.log('error', `unexpected error in ${request.method} ${path}: ${error instanceof Error ? error.stack : error}`);
    return new HoldfastError('server_error').getResponse();
  }
}

async function current(client: Client, auth: RequestAuth) {
  requireSession(auth);
  const answer = await client.server.call('GET', `v1/sessions/${auth.session.sid}`);
  if (answer.status === 404) throw new SessionRequiredError('session_revoked');
  return ownView(expect(answer), auth.session.sid);
}

async function devices(client: Client, auth: RequestAuth) {
  requireSession(auth);
  const { sid, subject } = auth.session;
  const { sessions } = expect(await client.server.call('GET', `v1/subjects/${encodeURIComponent(subject)}/sessions`));
  return { sessions: sessions.map((one: Body) => ownView(one, sid)) };
}

async function endDevice(client: Client, auth: RequestAuth, _: Body, sid: string) {
  requireSession(auth);
  if (!isSid(sid)) throw new HoldfastError('invalid_request', { detail: 'A session handle has 22 base64url characters.' });
  if (sid === auth.session.sid) return client.signOut(auth);
  client.checkFresh(auth, { maxAge: recentSignIn });

  // Not theirs, unknown and already ended are one answer: the caller wanted it gone, and it is not there.
  const answer = await client.server.call('GET', `v1/sessions/${sid}`);
  if (answer.status !== 404 && expect(answer).subject === auth.session.subject) await client.endSession(sid, 'ended_by_user');
}

async function logout(client: Client, auth: RequestAuth, body: Body) {
  // Its session may well live, and a 204 would say that it does not: refresh, and sign out then.
  if (auth.refusal === 'token_expired' && auth.refreshable === null) throw new SessionRequiredError('token_expired');
  switch (body.scope ?? 'this') {
    case 'this':
      return client.signOut(auth);
    case 'others':
      requireSession(auth);
      client.checkFresh(auth, { maxAge: recentSignIn });
      return client.endAll(auth.session.subject, { except: auth.session.sid, reason: 'ended_by_user' });
    case 'all':
      requireSession(auth);
      await client.endAll(auth.session.subject, { reason: 'signed_out' });
      return client.leaveBrowser(auth);
    default:
      throw new HoldfastError('invalid_request', { detail: 'scope is "this", "others" or "all".' });
  }
}

/** A token from the body is answered in the body, one from the cookie in cookies: no script turns a cookie into something it can read. */
async function refresh(client: Client, auth: RequestAuth, body: Body) {
  if ((body.grant_type ?? 'refresh_token') !== 'refresh_token') throw new HoldfastError('invalid_request', { detail: 'grant_type is "refresh_token".' });
  const fromCookie = body.refresh_token === undefined || body.refresh_token === '';
  const presented = fromCookie ? cookieIn(auth.incoming.headers.get('cookie'), cookieNames.refreshToken) : body.refresh_token;
  if (typeof presented !== 'string') throw new HoldfastError('token_invalid', { error: 'invalid_grant' });
  const answer = expect(await client.server.call('POST', 'v1/refresh', {
    json: { refresh_token: presented, from: fromCookie ? 'cookie' : 'body', auth_path: client.settings.authPath, device: deviceOf(auth.incoming) },
  }));
  if (answer.status !== 'live') throw new HoldfastError(isReason(answer.reason) ? answer.reason : 'token_invalid', { error: 'invalid_grant' });
  for (const line of cookieLines(answer.cookies)) auth.outgoing.append('Set-Cookie', line);
  return fromCookie ? undefined : answer.tokens;
}

async function csrf(_: Client, auth: RequestAuth) {
  return { token: auth.csrfToken(), header: csrfHeader, field: csrfField };
}

/** A session as its owner sees it. */
function ownView(session: Body, current: string) {
  const { sid, subject, tenant, created_at, last_seen_at, idle_expires_at, expires_at, auth_time, acr, amr, device } = session;
  return { sid, subject, tenant, created_at, last_seen_at, idle_expires_at, expires_at, auth_time, acr, amr, device, current: sid === current };
}

function expect(answer: Answer): any {
  if (answer.status !== 200) throw refusalOf(answer);
  return answer.body;
}
