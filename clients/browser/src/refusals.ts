/** An answer that was not what the caller asked for. */
export class HoldfastError extends Error {
  constructor(message: string, readonly status: number, readonly reason: string | undefined) {
    super(message)
    this.name = 'HoldfastError'
  }
}

interface Problem { type?: string; title?: string; detail?: string; reason?: string }

// The session of this browser is over; it is not merely that an access token is due, or that this one thing needs a new sign-in.
const over = ['session_missing', 'session_expired', 'session_revoked', 'token_reused', 'token_invalid']

export const isOver = (reason: string | undefined): reason is string => over.includes(reason!)

async function problemOf(response: Response): Promise<Problem> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return {}
  try {
    return await response.clone().json() ?? {}
  } catch {
    return {}
  }
}

/** The reason of a refusal of ours. What a proxy or another API refuses says nothing about the session, and has none. */
export async function reasonOf(response: Response): Promise<string | undefined> {
  if (response.ok) return
  const { type, reason } = await problemOf(response)
  return type === `urn:holdfast:reason:${reason}` ? reason : undefined
}

export async function errorOf(response: Response): Promise<HoldfastError> {
  const { title, detail } = await problemOf(response)
  return new HoldfastError(detail ?? title ?? `The server answered ${response.status}.`, response.status, await reasonOf(response))
}
