// The Express peers, one process each: node server.mjs <mode> <port> [address]
//   bare                                an endpoint that checks nothing
//   sessions <redis host:port>          express-session + connect-redis
//   jose                                an ES256 access token, verified by jose on each request
//   holdfast-cookie, holdfast-token <url of a Holdfast server>   with HOLDFAST_API_KEY in the environment; clients/express must be built
// GET / answers the subject; POST /sign-in gives the cookie, or the header that a client then sends. It prints "ready", but only once it
// has refused whoever presents nothing, or something forged: a peer that checks nothing is no peer.
import { randomBytes } from 'node:crypto';
import express from 'express';

const [mode, port, address] = process.argv.slice(2);
const subject = 'user-0000001';
const name = 'Ada Lovelace';
const app = express();
app.set('etag', false);
app.disable('x-powered-by');

const modes = {
  bare() {
    app.post('/sign-in', (request, response) => response.send('Accept: */*'));
    app.get('/', (request, response) => response.type('text').send(subject));
  },

  async sessions() {
    const { default: session } = await import('express-session');
    const { RedisStore } = await import('connect-redis');
    const { createClient } = await import('redis');
    const client = createClient({ url: `redis://${address}` });
    await client.connect();
    app.use(session({ store: new RedisStore({ client }), secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false }));
    app.post('/sign-in', (request, response) => {
      request.session.subject = subject;
      request.session.name = name;
      response.end();
    });
    app.get('/', (request, response) => {
      if (request.session.subject) response.type('text').send(request.session.subject);
      else response.sendStatus(401);
    });
  },

  async jose() {
    const { SignJWT, generateKeyPair, jwtVerify } = await import('jose');
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const expected = { issuer: 'https://bench.example', audience: 'https://bench.example', algorithms: ['ES256'] };
    app.post('/sign-in', async (request, response) => {
      const token = await new SignJWT({ name }).setProtectedHeader({ alg: 'ES256' })
        .setSubject(subject).setIssuer(expected.issuer).setAudience(expected.audience).setIssuedAt().setExpirationTime('1h').sign(privateKey);
      response.send(`Authorization: Bearer ${token}`);
    });
    app.get('/', async (request, response) => {
      try {
        const { payload } = await jwtVerify(request.headers.authorization?.slice('Bearer '.length) ?? '', publicKey, expected);
        response.type('text').send(payload.sub);
      } catch {
        response.sendStatus(401);
      }
    });
  },

  'holdfast-cookie': () => holdfast('cookie'),
  'holdfast-token': () => holdfast('tokens'),
};

async function holdfast(transport) {
  const { createHoldfast, getSession } = await import('../../clients/express/dist/esm/express.js');
  const sessions = createHoldfast({ url: address });
  app.use(sessions());
  app.post('/sign-in', async (request, response) => {
    const { tokens } = await sessions.startSession(request, response, subject, { transport, claims: { name } });
    response.send(tokens ? `Authorization: Bearer ${tokens.access_token}` : '');
  });
  app.get('/', sessions.requireSession(), (request, response) => response.type('text').send(getSession(request).subject));
}

async function refuses() {
  const url = `http://127.0.0.1:${port}`;
  const signedIn = await fetch(`${url}/sign-in`, { method: 'POST' });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0];
  const credential = cookie ? `Cookie: ${cookie}` : await signedIn.text();
  const [header, value] = [credential.split(': ')[0], credential.slice(credential.indexOf(': ') + 2)];
  const get = async text => {
    const response = await fetch(url, { headers: text === undefined ? {} : { [header]: text } });
    return response.ok && (await response.text()) === subject;
  };
  const forged = value.slice(0, -10) + [...value.slice(-10)].reverse().join('');
  return (await get(value)) && (mode === 'bare' || (!(await get()) && !(await get(forged))));
}

if (!Object.hasOwn(modes, mode)) {
  console.error(`There is no mode '${mode}': ${Object.keys(modes).join(', ')}.`);
  process.exit(2);
}

await modes[mode]();
app.listen(Number(port), '127.0.0.1', async () => {
  if (await refuses()) console.log('ready');
  else {
    console.error(`${mode} does not check what it is given.`);
    process.exit(1);
  }
});
