// One node of several: an Express application as any other, with doors for the tests to end sessions as an administrator.
// Environment: PORT, HOLDFAST_URL, HOLDFAST_API_KEY.
import { createRequire } from 'node:module';
import { createHoldfast, getSession } from '../../clients/express/dist/esm/express.js';

const express = createRequire(new URL('../../clients/express/package.json', import.meta.url))('express');
const holdfast = createHoldfast();
const app = express().use(express.json(), holdfast());

app.get('/health', (req, res) => res.sendStatus(204));
app.post('/sign-in/:subject', async (req, res) => {
  const { session } = await holdfast.startSession(req, res, req.params.subject, { amr: ['pwd'] });
  res.set('X-CSRF-Token', req.auth.csrfToken()).type('text').send(session.sid);
});
app.post('/tokens/:subject', async (req, res) => {
  const { tokens } = await holdfast.startSession(req, res, req.params.subject, { transport: 'tokens', amr: ['pwd'] });
  res.json(tokens);
});
app.get('/check', holdfast.requireSession(), (req, res) => res.type('text').send(getSession(req).sid));

// Gone, unknown and ended before are one answer: whoever asked wanted it gone.
app.post('/admin/end/:sid', async (req, res) => {
  await holdfast.end(req.params.sid);
  res.sendStatus(204);
});
app.post('/admin/end-all/:subject', async (req, res) => {
  await holdfast.endAll(req.params.subject);
  res.sendStatus(204);
});
app.use(holdfast.errors());

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
// Longer than any client keeps a connection: what is idle is closed by whoever opened it.
server.keepAliveTimeout = 300_000;
const leave = () => {
  server.close(() => void holdfast.close().then(() => process.exit()));
  server.closeIdleConnections();
};
process.once('SIGTERM', leave);

// Whoever started this node holds its standard input: gone with them, no test run leaves nodes behind.
process.stdin.resume().once('end', leave);
