// The Express peers: node server.mjs <sessions|jose> <port> <redis host:port>
// GET / answers the subject; POST /sign-in gives the cookie, or the header that a client then sends. It prints "ready".
import { randomBytes } from 'node:crypto';
import express from 'express';

const [kind, port, redis] = process.argv.slice(2);
const subject = 'user-0000001';
const app = express();
app.set('etag', false);
app.disable('x-powered-by');

if (kind === 'sessions') {
  const { default: session } = await import('express-session');
  const { RedisStore } = await import('connect-redis');
  const { createClient } = await import('redis');
  const client = createClient({ url: `redis://${redis}` });
  await client.connect();
  app.use(session({ store: new RedisStore({ client }), secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false }));
  app.post('/sign-in', (request, response) => {
    request.session.subject = subject;
    request.session.name = 'Ada Lovelace';
    response.end();
  });
  app.get('/', (request, response) => response.type('text').send(request.session.subject));
} else {
  const { SignJWT, generateKeyPair, jwtVerify } = await import('jose');
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const expected = { issuer: 'https://bench.example', audience: 'https://bench.example', algorithms: ['ES256'] };
  app.post('/sign-in', async (request, response) => {
    const token = await new SignJWT({ name: 'Ada Lovelace' }).setProtectedHeader({ alg: 'ES256' })
      .setSubject(subject).setIssuer(expected.issuer).setAudience(expected.audience).setIssuedAt().setExpirationTime('1h').sign(privateKey);
    response.send(`Authorization: Bearer ${token}`);
  });
  app.get('/', async (request, response) => {
    const { payload } = await jwtVerify(request.headers.authorization.slice('Bearer '.length), publicKey, expected);
    response.type('text').send(payload.sub);
  });
}

app.listen(Number(port), '127.0.0.1', () => console.log('ready'));
