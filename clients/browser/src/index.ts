export { createClient } from './client.js'
export { HoldfastError } from './refusals.js'
export type { Client, Events, Options, Session } from './types.js'
