import type { Context, MiddlewareHandler } from 'hono';
import type { Auth } from './core/auth.js';
import { Client, type StartOptions, type User } from './core/client.js';
import { csrfField, isSafe } from './core/csrf.js';
import { handle } from './core/endpoints.js';
import { requireSession, type FreshRequirement, type SessionRequirement } from './core/guards.js';
import type { HoldfastOptions } from './core/settings.js';

export * from './core/public.js';

declare module 'hono' {
  interface ContextVariableMap {
    /** The session of this request, or why there is none. */
    auth: Auth;
  }
}

export interface HonoOptions extends HoldfastOptions {
  /** The client's address and whether it came over TLS, where the runtime knows; by default what the URL says. */
  connection?: (c: Context) => { ip?: string; secure?: boolean };
}

/** Sessions for a Hono application: `app.use(holdfast())`, then guards. Refusals answer by themselves, as Hono's `HTTPException` does. */
export function createHoldfast({ connection, ...options }: HonoOptions = {}) {
  const client = new Client(options);
  const { authPath } = client.settings;

  const protect: MiddlewareHandler = async (c, next) => {
    const { method, headers } = c.req.raw;
    const outgoing = new Headers();
    const { ip, secure } = connection?.(c) ?? {};
    const auth = await client.open({ method, headers, ip, secure: secure ?? c.req.url.startsWith('https:') }, outgoing);
    c.set('auth', auth);
    if (c.req.path.startsWith(authPath + '/')) {
      c.res = await handle(client, auth, c.req.raw, c.req.path.slice(authPath.length));
    } else {
      const isForm = !isSafe(method) && headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
      client.checkCsrf(auth, isForm ? (await c.req.parseBody())[csrfField] : undefined);
      await next();
      client.answered(auth, c.res.status);
    }

    outgoing.forEach((value, name) => {
      if (name !== 'cache-control' || !c.res.headers.has(name)) c.header(name, value, { append: name === 'set-cookie' });
    });
  };

  return Object.assign(() => protect, {
    requireSession: (requirement?: SessionRequirement): MiddlewareHandler => async (c, next) => {
      requireSession(c.get('auth'), requirement);
      await next();
    },
    requireFresh: (requirement: FreshRequirement): MiddlewareHandler => async (c, next) => {
      client.checkFresh(c.get('auth'), requirement);
      await next();
    },
    startSession: (c: Context, user: User, start?: StartOptions) => client.start(c.get('auth'), user, start),
    endSession: (c: Context) => client.signOut(c.get('auth')),
    client,
  });
}
