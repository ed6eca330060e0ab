// The page holds no credential: the session is an HttpOnly cookie that no script can read. All it keeps is the CSRF token, in memory.
const $ = id => document.getElementById(id);
let csrf = null;
let current = null;
let stolen = null;
let refreshing = null;
let live = null;

async function call(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') {
    csrf ??= await (await fetch('/auth/csrf')).json();
    headers[csrf.header] = csrf.token;
  }
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw Object.assign(new Error(answer?.detail ?? answer?.title ?? `HTTP ${response.status}`), { status: response.status, answer });
  return answer;
}

function notice(text) {
  $('notice').textContent = text ?? '';
  $('notice').hidden = !text;
}

const attempt = action => async event => {
  event?.preventDefault();
  notice();
  try { await action(event); } catch (error) {
    if (error.status === 401 && current) { signedOut(error.message); } else { notice(error.message); }
  }
};

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const two = number => String(number).padStart(2, '0');
  return (days ? `${days} d ` : '') + `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function gauge(id, end, start) {
  const left = new Date(end) - Date.now();
  $(id).textContent = span(left);
  $(`${id}-bar`).value = Math.min(1, Math.max(0, left / (new Date(end) - new Date(start))));
}

function tick() {
  if (!current) return;
  gauge('idle', current.idle_expires_at, current.last_seen_at);
  gauge('absolute', current.expires_at, current.created_at);
}

function showSession(session) {
  current = session;
  $('facts').replaceChildren(...[
    ['Handle', session.sid], ['Device', session.device?.name], ['Address', session.device?.address],
    ['Signed in', new Date(session.auth_time).toLocaleString()], ['Last seen', new Date(session.last_seen_at).toLocaleString()],
  ].flatMap(([name, value]) => [element('dt', name), element('dd', value ?? '')]));
  tick();
}

function showDevices(sessions) {
  $('devices').replaceChildren(...sessions.map(session => {
    const item = element('li');
    const about = element('div', session.device?.name ?? 'Unknown device');
    about.append(element('small', `${session.device?.address ?? ''} · last seen ${new Date(session.last_seen_at).toLocaleString()}`));
    item.append(about);
    if (session.current) {
      item.append(element('span', 'this device', 'pill live'));
    } else {
      const end = element('button', 'Sign out', 'quiet end');
      end.addEventListener('click', attempt(async () => { await call('DELETE', `/auth/sessions/${session.sid}`); await refresh(); }));
      item.append(end);
    }
    return item;
  }));
}

function showDecisions(decisions) {
  $('decisions').replaceChildren(...decisions.map(one => {
    const item = element('li', one.name + (one.reason ? `: ${one.reason}` : ''), one.outcome);
    item.append(element('small', `${new Date(one.at).toLocaleTimeString()} · ${one.outcome}${one.sid ? ` · ${one.sid.slice(0, 6)}…` : ''}`));
    return item;
  }));
}

async function load() {
  const session = await call('GET', '/auth/session');
  const [list, decisions] = [await call('GET', '/auth/sessions'), await call('GET', '/api/decisions')];
  showSession(session);
  showDevices(list.sessions);
  showDecisions(decisions);
}

// Cut by the server as soon as the session ends, on whichever device: no poll is as quick.
function connect() {
  live?.close();
  live = new EventSource('/api/live');
  live.addEventListener('open', () => { $('live').textContent = 'live connection: open'; });
  live.onerror = () => { live.close(); $('live').textContent = 'live connection: cut'; refresh(); };
}

function signedOut(text) {
  live?.close();
  current = null;
  csrf = null;
  clearInterval(refreshing);
  for (const id of ['signed-in', 'who']) $(id).hidden = true;
  for (const id of ['devices', 'decisions', 'facts', 'who-name', 'verdict']) $(id).replaceChildren();
  $('note-form').reset();
  $('sign-in').hidden = false;
  $('thief').hidden = !stolen;
  notice(text);
}

// Asked by the timer and by the live connection: an answer that comes after the sign-out has nothing to add to what that said.
async function refresh() {
  try { await load(); } catch (error) {
    if (!current) return;
    if (error.status === 401) { signedOut(error.answer?.reason === 'session_missing' ? undefined : error.message); } else { notice(error.message); }
  }
}

async function signedIn() {
  await load();
  const note = await call('GET', '/api/note');
  $('note-form').elements.text.value = note.text;
  $('who-name').textContent = 'ada@example.org';
  for (const id of ['sign-in', 'thief']) $(id).hidden = true;
  for (const id of ['signed-in', 'who']) $(id).hidden = false;
  clearInterval(refreshing);
  refreshing = setInterval(refresh, 2000);
  connect();
}

function verdict(target, title, lines) {
  $(target).textContent = [title, ...lines].join('\n');
  $(target).hidden = false;
}

const describe = haul => {
  const body = JSON.parse(haul.body);
  return haul.status === 200 ? `200: the thief is ${body.subject.slice(0, 8)}…, in session ${body.sid}` : `${haul.status} ${body.reason}: ${body.title}`;
};

const useStolen = target => attempt(async () => {
  if (!stolen) { verdict(target, 'Copy the cookie first.', []); return; }
  verdict(target, 'The thief calls GET /auth/session with the copied cookie:', [describe(await call('POST', '/api/attacks/use-stolen-cookie', { ticket: stolen }))]);
});

$('sign-in-form').addEventListener('submit', attempt(async event => {
  const form = event.target.elements;
  await call('POST', '/api/sign-in', { email: form.email.value, password: form.password.value, remember: form.remember.checked });
  event.target.elements.password.value = '';
  csrf = null;
  await signedIn();
}));

$('sign-out').addEventListener('click', attempt(async () => { await call('POST', '/auth/logout', { scope: 'this' }); signedOut(); }));
$('end-others').addEventListener('click', attempt(async () => { await call('POST', '/auth/logout', { scope: 'others' }); await refresh(); }));
$('end-all').addEventListener('click', attempt(async () => { await call('POST', '/auth/logout', { scope: 'all' }); signedOut('Signed out everywhere.'); }));
$('note-form').addEventListener('submit', attempt(async event => {
  await call('POST', '/api/note', { text: event.target.elements.text.value });
  notice('Saved with this session.');
  await refresh();
}));
$('steal').addEventListener('click', attempt(async () => {
  stolen = (await call('POST', '/api/attacks/steal-cookie')).ticket;
  verdict('verdict', 'The thief has copied your cookie.', ['Use the copy now; then sign out, and use it again.']);
}));
$('use-stolen').addEventListener('click', useStolen('verdict'));
$('use-stolen-late').addEventListener('click', useStolen('late-verdict'));
$('replay').addEventListener('click', attempt(async () => {
  const exchange = async token => {
    try {
      const next = await call('POST', '/auth/refresh', { refresh_token: token });
      return { token: next.refresh_token, line: '200: the next pair of tokens' };
    } catch (error) { return { line: `${error.status} ${error.answer?.reason}: ${error.answer?.title}` }; }
  };
  const first = await call('POST', '/api/tokens');
  csrf = null;
  const second = await exchange(first.refresh_token);
  const third = await exchange(second.token);
  const replayed = await exchange(first.refresh_token);
  const after = await exchange(third.token);
  verdict('verdict', 'An app signs in and gets tokens.', [
    `It refreshes:                      ${second.line}`, `It refreshes again:                ${third.line}`,
    `A thief presents the first token:  ${replayed.line}`, `The app's own newest token, now:   ${after.line}`,
  ]);
  await refresh();
}));

const sites = await call('GET', '/api/attacks');
$('same-site').href = sites.sameSite;
$('cross-site').href = sites.crossSite;
setInterval(tick, 250);
try { await signedIn(); } catch (error) { signedOut(error.answer?.reason === 'session_missing' ? undefined : error.message); }
