import { createClient } from './holdfast-browser.js'

const holdfast = createClient()
const $ = id => document.getElementById(id)

function element(tag, text, ...children) {
  const made = document.createElement(tag)
  made.append(text, ...children)
  return made
}

function show(state, text, ...more) {
  document.body.dataset.state = state
  $('status').replaceChildren(text, ...more)
}

// What another person at this machine must not find: neither on the page, nor behind the back button.
function over(state, text) {
  for (const place of document.querySelectorAll('.private')) place.replaceChildren()
  $('note-form').reset()
  const link = element('a', 'Sign in')
  link.href = '/login'
  show(state, `${text} `, link)
}

const attempt = action => async event => {
  event?.preventDefault()
  try {
    await action(event)
  } catch (error) {
    if (document.body.dataset.state !== 'signed-out' && document.body.dataset.state !== 'expired') show('unavailable', error.message)
  }
}

async function json(url, init) {
  const response = await holdfast.fetch(url, init)
  const body = await response.json()
  if (!response.ok) throw new Error(body.detail ?? body.title)
  return body
}

function device(session) {
  const item = element('li', element('span', session.device?.name ?? 'Unknown device', element('small', session.device?.address ?? '')))
  item.dataset.sid = session.sid
  if (session.current) {
    item.append(element('small', 'this device'))
  } else {
    const end = element('button', 'Sign out')
    end.className = 'quiet'
    end.onclick = attempt(async () => {
      const response = await holdfast.fetch(`/auth/sessions/${session.sid}`, { method: 'DELETE' })
      if (!response.ok) throw new Error((await response.json()).title)
      await load()
    })
    item.append(end)
  }
  return item
}

const showNotes = notes => $('notes').replaceChildren(...notes.map(note => element('li', note)))

async function look() {
  const session = await holdfast.session()
  if (!session) return null
  $('sid').textContent = session.sid
  $('idle').textContent = new Date(session.idle_expires_at).toLocaleTimeString()
  if (document.body.dataset.state !== 'idle-warning') show('signed-in', 'Signed in.')
  return session
}

async function load() {
  if (!(await look())) return
  const [{ sessions }, me] = await Promise.all([json('/auth/sessions'), json('/api/me')])
  $('name').textContent = me.name
  $('devices').replaceChildren(...sessions.map(device))
  showNotes(me.notes)
}

async function home() {
  holdfast.on('signed-in', () => location.reload())
  holdfast.on('signed-out', () => over('signed-out', 'Signed out.'))
  holdfast.on('expired', () => over('expired', 'The session has expired.'))
  holdfast.on('idle-warning', () => show('idle-warning', 'You will be signed out soon, unless you do something.'))
  for (const [id, scope] of [['sign-out', 'this'], ['sign-out-others', 'others'], ['sign-out-everywhere', 'all']]) {
    $(id).onclick = attempt(async () => {
      await holdfast.signOut(scope)
      if (scope === 'others') await load()
    })
  }
  $('note-form').onsubmit = attempt(async () => {
    const form = $('note-form')
    const body = JSON.stringify({ text: form.elements.text.value })
    showNotes((await json('/api/notes', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).notes)
    form.elements.text.value = ''
    show('signed-in', 'Kept with this session.')
  })
  await attempt(load)()
  setInterval(attempt(look), 2000)

  // A page that the browser kept whole comes back as it was: what it shows may be over.
  addEventListener('pageshow', event => event.persisted && location.reload())
}

async function login() {
  holdfast.on('signed-in', () => location.replace('/'))
  if (await holdfast.session()) location.replace('/')
}

await (document.body.dataset.page === 'home' ? home() : login())
