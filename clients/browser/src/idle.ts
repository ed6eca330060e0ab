import type { Session } from './types.js'

const mostOfATimer = 2 ** 31 - 1
const pause = 5000

/**
 * Looks at the session when it should be idling out, and says so before. Other tabs and requests may have used it meanwhile, so the
 * server is asked each time. Its clock counts, not this machine's.
 */
export function idleWatch(warnBefore: number, look: () => Promise<unknown>, warn: (at: Date) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let warnedOf = ''

  function lookIn(milliseconds: number) {
    clearTimeout(timer)
    timer = setTimeout(() => look().catch(() => lookIn(pause)), Math.min(Math.max(milliseconds, pause / 5), mostOfATimer))
  }

  return {
    saw(session: Session, serverTime: number) {
      const idlesOut = Date.parse(session.idle_expires_at)
      const left = idlesOut - serverTime
      const warning = left - Math.min(warnBefore, (idlesOut - Date.parse(session.last_seen_at)) / 2)
      const end = Math.max(Math.min(left, Date.parse(session.expires_at) - serverTime), pause)
      if (warning > 0) {
        lookIn(Math.min(warning, end))
        return
      }

      lookIn(end)
      if (warnedOf !== session.idle_expires_at) {
        warnedOf = session.idle_expires_at
        warn(new Date(Date.now() + left))
      }
    },
    stop() { clearTimeout(timer) },
  }
}
