import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorRequestHandler, NextFunction, Request as ExpressRequest, RequestHandler, Response as ExpressResponse } from 'express';
import type { Auth } from './core/auth.js';
import { Budgets } from './core/budgets.js';
import { Client, type EndReason, type Started, type StartOptions, type User } from './core/client.js';
import { csrfField } from './core/csrf.js';
import { handle } from './core/endpoints.js';
import { HoldfastError, SessionRequiredError } from './core/errors.js';
import { requireSession as mustHaveSession, type FreshRequirement, type SessionRequirement } from './core/guards.js';
import { incomingUpgrade, NodeHeaders, NodeOutgoing, requestOf, send, writeProblem } from './core/node.js';
import type { Incoming } from './core/request.js';
import type { Session } from './core/session.js';
import type { HoldfastOptions } from './core/settings.js';

export * from './core/public.js';

declare global {
  namespace Express {
    interface Request {
      /** The session of this request, or why there is none. `app.use(holdfast())` sets it. */
      auth: Auth;
    }
  }
}

export interface Holdfast {
  /** All of it, in the order that matters: `req.auth`, the endpoints for browsers, CSRF protection. Body parsers come before it. */
  (): RequestHandler;
  /** Sets `req.auth`, and refuses nothing but what nobody can judge (503). */
  attach(): RequestHandler;
  /** The endpoints for browsers, to be mounted at `authPath`. They protect themselves from other sites. */
  authRouter(): RequestHandler;
  /** Refuses requests that another site may have made. */
  csrf(): RequestHandler;
  /** Limits the requests with one session, in this process. */
  rateLimit(limit: { perMinute: number }): RequestHandler;
  /** Refuses whoever is not signed in (401) or lacks the role (403); `redirectTo` sends page views of visitors to the sign-in page instead. */
  requireSession(requirement?: SessionRequirement & { redirectTo?: string }): RequestHandler;
  /** Asks for a recent or a stronger proof, with the challenge of RFC 9470. `maxAge` is in seconds. */
  requireFresh(requirement: FreshRequirement): RequestHandler;
  /** Marks requests that a page makes by itself: they do not keep the session from idling out. */
  asPoll(): RequestHandler;
  /** Answers refusals that were thrown in a handler, or passed to `next`, with problem details. Goes last. */
  errors(): ErrorRequestHandler;

  /** Starts a session for a user whose proof you have checked. With the transport `tokens`, answer `tokens` as JSON. */
  startSession(req: ExpressRequest, res: ExpressResponse, user: User, options?: StartOptions): Promise<Started>;
  /** Signs this browser or client out. */
  endSession(req: ExpressRequest, res: ExpressResponse): Promise<void>;
  /** Ends all sessions of a user, or all but one, by one write. */
  endAll(user: User, options?: { except?: string; reason?: EndReason }): Promise<void>;
  /** Ends any session by its handle. */
  end(sid: string, reason?: EndReason): Promise<void>;
  /** You have checked a further proof: the session counts as more for a while. */
  elevate(req: ExpressRequest, res: ExpressResponse, proof: { acr?: string; amr?: string[] }): Promise<Started>;
  /** Records an attempt to sign in that failed: the account that was tried, never what was tried. */
  recordFailure(req: ExpressRequest, failure?: { subject?: string; reason?: string }): Promise<void>;

  /** Checks the handshake of a WebSocket; throws what refuses it. */
  authenticateUpgrade(req: IncomingMessage, options?: { trustProxy?: boolean }): Promise<Auth & { session: Session }>;
  /** Answers a handshake that was refused, and closes its socket. */
  refuseUpgrade(socket: Duplex, error: unknown): void;
  /** Calls back once, when the session has ended. Returns what forgets it. */
  onEnded(session: Session, ended: () => void): () => void;

  /** Tells what was seen, and stops following. */
  close(): Promise<void>;
}

/** The session of a request that `app.use(holdfast())` has seen. */
export function getAuth(req: ExpressRequest): Auth {
  if (req.auth === undefined) throw new Error('req.auth is not set: app.use(holdfast()) must come before whatever asks for the session.');
  return req.auth;
}

/** The live session, behind a guard; throws 401 without one. */
export function getSession(req: ExpressRequest): Session {
  const auth = getAuth(req);
  if (auth.session === null) throw new SessionRequiredError(auth.refusal);
  return auth.session;
}

/** Sessions for an Express application. A setting that cannot work throws here; a server that is away does not. */
export function createHoldfast(options: HoldfastOptions = {}): Holdfast {
  const client = new Client(options);
  const { authPath, errors } = client.settings;

  const refuse = (error: unknown, res: ExpressResponse, next: NextFunction) => {
    if (errors === 'next' || !(error instanceof HoldfastError) || res.headersSent) next(error);
    else writeProblem(res, error);
  };

  const guard = (check: (auth: Auth, req: ExpressRequest) => void): RequestHandler => (req, res, next) => {
    try {
      check(getAuth(req), req);
    } catch (error) {
      return refuse(error, res, next);
    }

    next();
  };

  const attach: RequestHandler = (req, res, next) => {
    if (req.auth !== undefined) return next();
    const enter = (auth: Auth) => {
      req.auth = auth;
      if (auth.session !== null && client.activity.isDue(auth.session.sid)) res.once('finish', () => client.answered(auth, res.statusCode));
      next();
    };
    try {
      const auth = client.open(new ExpressIncoming(req), new NodeOutgoing(res));
      if (auth instanceof Promise) auth.then(enter, error => refuse(error, res, next));
      else enter(auth);
    } catch (error) {
      refuse(error, res, next);
    }
  };

  const isOurs = (path: string) => path === authPath || path.startsWith(authPath + '/');

  const csrf = guard((auth, req) => {
    if (!isOurs(req.baseUrl + req.path)) client.checkCsrf(auth, req.body?.[csrfField]);
  });

  const answer = (req: ExpressRequest, res: ExpressResponse, next: NextFunction, path: string) => {
    handle(client, getAuth(req), requestOf(req, req.body), path).then(response => send(res, response)).catch(next);
  };

  const protect: RequestHandler = (req, res, next) => attach(req, res, (error?: unknown) => {
    if (error) next(error);
    else if (isOurs(req.path)) answer(req, res, next, req.path.slice(authPath.length));
    else csrf(req, res, next);
  });

  return Object.assign(() => protect, {
    attach: () => attach,
    csrf: () => csrf,
    authRouter: (): RequestHandler => (req, res, next) => {
      if (req.baseUrl.endsWith(authPath)) answer(req, res, next, req.path);
      else next(new Error(`authRouter() is mounted at '${req.baseUrl}', and authPath is '${authPath}': cookies are bound to that path.`));
    },
    rateLimit: ({ perMinute }: { perMinute: number }) => {
      const budgets = new Budgets(perMinute);
      return guard(auth => {
        if (auth.session !== null && !budgets.tryTake(auth.session.sid, performance.now())) throw new HoldfastError('rate_limited', { detail: 'Too many requests with this session.' });
      });
    },
    requireSession: ({ redirectTo, ...requirement }: SessionRequirement & { redirectTo?: string } = {}): RequestHandler => {
      const check = guard(auth => mustHaveSession(auth, requirement));
      return (req, res, next) => {
        if (redirectTo !== undefined && getAuth(req).session === null && (req.method === 'GET' || req.method === 'HEAD') && req.accepts('html')) res.redirect(303, redirectTo);
        else check(req, res, next);
      };
    },
    requireFresh: (requirement: FreshRequirement) => guard(auth => client.checkFresh(auth, requirement)),
    asPoll: () => guard(auth => { auth.isPoll = true; }),
    errors: (): ErrorRequestHandler => (error, _req, res, next) => {
      if (error instanceof HoldfastError && !res.headersSent) writeProblem(res, error);
      else next(error);
    },

    startSession: (req: ExpressRequest, _res: ExpressResponse, user: User, start?: StartOptions) => client.start(getAuth(req), user, start),
    endSession: (req: ExpressRequest, _res: ExpressResponse) => client.signOut(getAuth(req)),
    endAll: (user: User, end?: { except?: string; reason?: EndReason }) => client.endAll(typeof user === 'string' ? user : String(user.id), end),
    end: (sid: string, reason?: EndReason) => client.endSession(sid, reason),
    elevate: (req: ExpressRequest, _res: ExpressResponse, proof: { acr?: string; amr?: string[] }) => client.elevate(getAuth(req), proof),
    recordFailure: (req: ExpressRequest, failure?: { subject?: string; reason?: string }) => client.recordFailure(getAuth(req).incoming, failure),

    authenticateUpgrade: (req: IncomingMessage, { trustProxy = false } = {}) => client.openUpgrade(incomingUpgrade(req, trustProxy)) as Promise<Auth & { session: Session }>,
    refuseUpgrade: (socket: Duplex, error: unknown) => {
      const { status, code } = error instanceof HoldfastError ? error : new HoldfastError('server_error');
      socket.end(`HTTP/1.1 ${status} ${code}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },
    onEnded: (session: Session, ended: () => void) => client.onEnded(session, ended),
    close: () => client.close(),
  });
}

/** What sessions look at, read only when it is looked at: `req.ip` and `req.secure` follow the setting `trust proxy`. */
class ExpressIncoming implements Incoming {
  readonly headers: NodeHeaders;

  constructor(private readonly req: ExpressRequest) {
    this.headers = new NodeHeaders(req);
  }

  get method() {
    return this.req.method;
  }

  get ip() {
    return this.req.ip;
  }

  get secure() {
    return this.req.secure;
  }
}
