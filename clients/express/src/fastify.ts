import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from './core/auth.js';
import { Client, type StartOptions, type User } from './core/client.js';
import { csrfField } from './core/csrf.js';
import { handle } from './core/endpoints.js';
import { HoldfastError } from './core/errors.js';
import { requireSession, type FreshRequirement, type SessionRequirement } from './core/guards.js';
import { NodeHeaders, NodeOutgoing, requestOf, send } from './core/node.js';
import type { HoldfastOptions } from './core/settings.js';

export * from './core/public.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The session of this request, or why there is none. */
    auth: Auth;
  }
}

/** Sessions for a Fastify application: `await app.register(holdfast.plugin)`, then guards as `preHandler`. */
export function createHoldfast(options: HoldfastOptions = {}) {
  const client = new Client(options);
  const { authPath } = client.settings;

  const plugin = async (app: FastifyInstance) => {
    app.decorateRequest('auth', null as never);
    app.addHook('onRequest', async (request, reply) => {
      const incoming = { method: request.method, headers: new NodeHeaders(request.raw), ip: request.ip, secure: request.protocol === 'https' };
      request.auth = await client.open(incoming, new NodeOutgoing(reply.raw));
    });
    app.addHook('preHandler', async request => {
      if (request.routeOptions.url !== `${authPath}/*`) client.checkCsrf(request.auth, (request.body as Record<string, unknown> | null)?.[csrfField]);
    });
    app.addHook('onResponse', async (request, reply) => {
      if (request.auth) client.answered(request.auth, reply.statusCode);
    });
    app.addHook('onClose', () => client.close());
    app.setErrorHandler((error: FastifyError, _request, reply) => {
      if (!(error instanceof HoldfastError)) return reply.send(error);
      return reply.code(error.status).headers(error.headers).header('Content-Type', 'application/problem+json').send(Buffer.from(JSON.stringify(error.problem())));
    });
    app.register(async endpoints => {
      // Our endpoints read their bodies themselves.
      endpoints.removeAllContentTypeParsers();
      endpoints.addContentTypeParser('*', (_request, _payload, done) => done(null));
      endpoints.all(`${authPath}/*`, async (request, reply) => {
        reply.hijack();
        await send(reply.raw, await handle(client, request.auth, requestOf(request.raw, undefined), request.url.split('?')[0]!.slice(authPath.length)));
      });
    });
  };

  return {
    /** Sets `request.auth`, protects from other sites, answers refusals, and serves the endpoints for browsers. */
    plugin: Object.assign(plugin, { [Symbol.for('skip-override')]: true }),
    requireSession: (requirement?: SessionRequirement) => async (request: FastifyRequest) => requireSession(request.auth, requirement),
    requireFresh: (requirement: FreshRequirement) => async (request: FastifyRequest) => client.checkFresh(request.auth, requirement),
    startSession: (request: FastifyRequest, _reply: FastifyReply, user: User, start?: StartOptions) => client.start(request.auth, user, start),
    endSession: (request: FastifyRequest, _reply: FastifyReply) => client.signOut(request.auth),
    client,
  };
}
