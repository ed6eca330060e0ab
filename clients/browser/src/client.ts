import { changes, csrfTokens } from './csrf.js'
import { idleWatch } from './idle.js'
import { refreshes } from './refresh.js'
import { errorOf, isOver, reasonOf } from './refusals.js'
import { otherTabs } from './tabs.js'
import type { Client, Events, Options, Session } from './types.js'

/** Sessions of Holdfast, for the pages of an application: see docs/browser.md. */
export function createClient({ authPath = '/auth', warnBefore = 60_000 }: Options = {}): Client {
  const listeners = new Map<string, Set<(detail: never) => void>>()
  const csrf = csrfTokens(authPath)
  const idle = idleWatch(warnBefore, session, at => emit('idle-warning', { at }))

  // The session that this tab knows of: null if nobody is signed in, undefined until the server was asked.
  let sid: string | null | undefined
  // Counts its changes: an answer to a request from before one says nothing about what came after.
  let changed = 0

  const tabs = otherTabs(news => 'began' in news ? began(news.began) : (!sid || !news.over || sid === news.over) && ended(news.reason))
  const refresh = refreshes({ authPath, alone: tabs.alone, attempt, over })

  function emit<Name extends keyof Events>(event: Name, detail: Events[Name]) {
    for (const listener of listeners.get(event) ?? []) listener(detail as never)
  }

  function turnTo(now: string | null) {
    sid = now
    changed++
    csrf.forget()
    idle.stop()
  }

  function began(now: string) {
    if (sid === now) return
    const known = sid !== undefined
    turnTo(now)
    if (known) emit('signed-in', { sid: now })
  }

  function ended(reason: string) {
    const visitor = sid === null || (sid === undefined && reason === 'session_missing')
    turnTo(null)
    if (!visitor) emit(reason === 'session_expired' ? 'expired' : 'signed-out', { reason })
    return !visitor
  }

  function over(reason: string) {
    const which = sid ?? undefined
    if (ended(reason)) tabs.tell({ over: which, reason })
  }

  // Once more with a new token, if the old one belonged to another session: after a sign-in, or a step-up.
  async function attempt(request: Request): Promise<Response> {
    if (!changes(request)) return fetch(request)
    const first = await csrf.send(request.clone())
    if (await reasonOf(first.response) !== 'csrf_failed') return first.response
    first.renew()
    return (await csrf.send(request)).response
  }

  async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const isOurs = new URL(request.url).origin === location.origin && request.credentials !== 'omit' && !request.headers.has('authorization')
    if (!isOurs) return fetch(request)
    const before = changed
    let response = await attempt(request.clone())
    let reason = await reasonOf(response)
    if (reason === 'token_expired' && await refresh.now()) {
      response = await attempt(request)
      reason = await reasonOf(response)
      if (reason === 'token_expired') refresh.useless()
    }

    if (isOver(reason) && before === changed) over(reason)
    return response
  }

  async function session() {
    const response = await send(`${authPath}/session`, { cache: 'no-store' })
    if (isOver(await reasonOf(response))) return null
    if (!response.ok) throw await errorOf(response)
    const found = await response.json() as Session
    if (sid !== found.sid) {
      began(found.sid)
      tabs.tell({ began: found.sid })
    }

    idle.saw(found, Date.parse(response.headers.get('date') ?? '') || Date.now())
    return found
  }

  return {
    fetch: send,
    session,
    async signOut(scope = 'this') {
      const response = await send(`${authPath}/logout`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ scope }) })
      if (!response.ok) throw await errorOf(response)
      if (scope !== 'others') over('signed_out')
    },
    refresh: refresh.now,
    on(event, listener) {
      const all = listeners.get(event) ?? new Set()
      listeners.set(event, all.add(listener as (detail: never) => void))
      return () => { all.delete(listener as (detail: never) => void) }
    },
  }
}
