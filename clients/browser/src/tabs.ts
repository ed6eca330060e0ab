/** What tabs tell each other: which session began, or which one is over and why. Handles are public, and nothing else is told. */
export type News = { began: string } | { over: string | undefined; reason: string }

/** The other tabs of this origin. A browser that lacks the means has none, and each tab looks after itself. */
export function otherTabs(hear: (news: News) => void) {
  const channel = globalThis.BroadcastChannel && new BroadcastChannel('holdfast')
  channel?.addEventListener('message', event => hear(event.data))
  return {
    tell(news: News) { channel?.postMessage(news) },
    /** Runs `work` while no other tab runs its own. */
    alone: <Result>(work: () => Promise<Result>): Promise<Result> => navigator.locks ? navigator.locks.request('holdfast', work) as Promise<Result> : work(),
  }
}
