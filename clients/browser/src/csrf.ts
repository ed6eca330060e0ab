interface Token { token: string; header: string }

const safe = ['GET', 'HEAD', 'OPTIONS']

export const changes = (request: Request) => !safe.includes(request.method)

/** The CSRF token of this tab: asked for once, kept in this variable alone, and asked for again when it belongs to a session of the past. */
export function csrfTokens(authPath: string) {
  let asked: Promise<Token | Response> | undefined

  async function ask() {
    try {
      const response = await fetch(`${authPath}/csrf`, { cache: 'no-store' })
      if (response.ok) return await response.json() as Token
      asked = undefined
      return response
    } catch (error) {
      asked = undefined
      throw error
    }
  }

  return {
    /** Sends a request with the token. If none is to be had, the answer to that is the answer. */
    async send(request: Request): Promise<{ response: Response; renew: () => void }> {
      const used = asked ??= ask()
      const token = await used
      if (token instanceof Response) return { response: token.clone(), renew: () => {} }
      request.headers.set(token.header, token.token)

      // Requests that failed together ask for one new token together.
      return { response: await fetch(request), renew: () => { if (asked === used) asked = undefined } }
    },
    forget() { asked = undefined },
  }
}
