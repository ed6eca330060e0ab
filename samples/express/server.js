import express from 'express';
import { createHoldfast, getSession, HoldfastError } from '@holdfast/express';
import { accountOf } from './accounts.js';
import { sendPage, shared } from './pages.js';

const wrong = 'The e-mail address or the password is wrong.';
const holdfast = createHoldfast(); // HOLDFAST_URL, HOLDFAST_API_KEY
const app = express();

app.use('/shared', express.static(shared));
app.use(express.urlencoded(), express.json(), holdfast());

app.get('/login', (req, res) => sendPage(req, res, 'login.html', { error: '' }));

app.post('/login', async (req, res) => {
  const { email, password, remember, transport } = req.body ?? {};
  const account = accountOf(email);
  const isForm = !req.is('json');
  if (!account?.accepts(password)) {
    await holdfast.recordFailure(req, { subject: account?.id, reason: 'password' });
    if (!isForm) throw new HoldfastError('session_missing', { detail: wrong });
    return sendPage(req, res.status(401), 'login.html', { error: wrong });
  }

  const { tokens } = await holdfast.startSession(req, res, account, {
    transport: !isForm ? 'tokens' : transport === 'token-cookies' ? transport : 'cookie',
    remember: remember === 'true' && transport !== 'token-cookies',
    claims: { name: account.name },
    amr: ['pwd'],
  });
  if (isForm) res.redirect(303, '/');
  else res.json(tokens);
});

app.get('/', holdfast.requireSession({ redirectTo: '/login' }), (req, res) => {
  const { claims, subject } = getSession(req);
  sendPage(req, res, 'home.html', { name: claims.name ?? subject });
});

app.get('/api/me', holdfast.requireSession(), async (req, res) => {
  const { subject, claims, sid, authTime } = getSession(req);
  const notes = (await req.auth.data.get('notes')) ?? [];
  res.json({ subject, name: claims.name ?? subject, sid, auth_time: authTime && new Date(authTime * 1000), notes });
});

app.post('/api/notes', holdfast.requireSession(), async (req, res) => {
  const text = req.body?.text;
  if (typeof text !== 'string' || text.length < 1 || text.length > 200) throw new HoldfastError('invalid_request', { detail: 'text has 1 to 200 characters.' });
  const notes = [...((await req.auth.data.get('notes')) ?? []), text];
  await req.auth.data.set('notes', notes);
  res.json({ notes });
});

app.use(holdfast.errors());

const server = app.listen(process.env.PORT ?? 5102, 'localhost');
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void holdfast.close();
});
