import { isOver, reasonOf } from './refusals.js'

const patience = 15_000
const pauseAfterUseless = 30_000

interface Means {
  authPath: string
  alone<Result>(work: () => Promise<Result>): Promise<Result>
  attempt(request: Request): Promise<Response>
  over(reason: string): void
}

/** The exchange of the refresh token: one at a time, in all tabs together, and never in a circle. */
export function refreshes({ authPath, alone, attempt, over }: Means) {
  let running: Promise<boolean> | undefined
  let pausedUntil = 0

  async function exchange() {
    // Another tab may have refreshed while this one waited. The browser's cookies are the same, so the server knows.
    const signal = AbortSignal.timeout(patience)
    const look = await fetch(`${authPath}/session`, { signal, cache: 'no-store' })
    if (look.status !== 401) return look.ok
    const answer = await attempt(new Request(`${authPath}/refresh`, { method: 'POST', signal }))
    const reason = await reasonOf(answer)
    if (isOver(reason)) over(reason)
    return answer.ok
  }

  return {
    /** Whether the access token is good now. A lost answer counts as no: the browser still has the same token, for the next attempt. */
    now: () => running ??= (performance.now() < pausedUntil ? Promise.resolve(false) : alone(exchange).catch(() => false)).finally(() => { running = undefined }),
    /** It was refreshed, and refused as expired again: clocks disagree, and a further refresh would not change that. */
    useless() { pausedUntil = performance.now() + pauseAfterUseless },
  }
}

