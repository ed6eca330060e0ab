// Strict OAuth clients that others wrote, against a server: node clients.mjs <client> <what a test hands over, as JSON on stdin>.
// Each step throws if the server departs from the standard in anything that the client checks; the last line is "ok".
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const given = JSON.parse(readFileSync(0, 'utf8'))
const issuer = new URL(given.issuer)

async function oauth4webapi() {
  const insecure = { [oauth.allowInsecureRequests]: true }
  for (const algorithm of ['oauth2', 'oidc']) {
    await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }))
  }

  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
  const client = { client_id: given.client_id }
  const key = await jose.importJWK(given.private_jwk, 'ES256')
  const ways = [oauth.ClientSecretBasic(given.client_secret), oauth.ClientSecretPost(given.client_secret), oauth.PrivateKeyJwt({ key, kid: given.private_jwk.kid })]
  let token = given.refresh_token
  let answer
  for (const way of ways) {
    answer = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, way, token, insecure))
    assert.notEqual(answer.refresh_token, token)
    token = answer.refresh_token

    // A JWT is validated as RFC 9068 says, with the keys that the metadata names.
    const request = new Request(`${given.issuer}/api`, { headers: { authorization: `Bearer ${answer.access_token}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, given.audience, insecure)
    assert.equal(claims.sub, 'ada')
    assert.equal(claims.client_id, given.client_id)

    const told = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, way, answer.access_token, insecure))
    assert.equal(told.active, true)
    assert.equal(told.acr, 'aal1')
    assert.equal(typeof told.auth_time, 'number')
  }

  await assert.rejects(
    async () => oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, ways[0], 'hfr_nothing', insecure)),
    (error) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant' && error.status === 400)
  await assert.rejects(
    async () => oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, oauth.ClientSecretBasic('wrong'), token, insecure)),
    (error) => error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401)
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, ways[0], answer.access_token, insecure))
  const dead = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, ways[0], answer.access_token, insecure))
  assert.deepEqual(dead, { active: false })
}

async function openidClient() {
  const options = { execute: [openid.allowInsecureRequests] }
  for (const algorithm of ['oauth2', 'oidc']) {
    const config = await openid.discovery(issuer, given.client_id, given.client_secret, openid.ClientSecretPost(given.client_secret), { ...options, algorithm })
    assert.deepEqual(config.serverMetadata().acr_values_supported, ['aal1', 'aal2'])
  }

  const config = await openid.discovery(issuer, given.client_id, undefined, openid.ClientSecretBasic(given.client_secret), { ...options, algorithm: 'oauth2' })
  const tokens = await openid.refreshTokenGrant(config, given.refresh_token)
  assert.ok(tokens.expires_in >= 299 && tokens.expires_in <= 300)
  assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).sub, 'ada')
  await openid.tokenRevocation(config, tokens.refresh_token)
  assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, false)
  await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' })
}

async function joseVerifier() {
  const keys = jose.createRemoteJWKSet(new URL(`${given.issuer}/.well-known/jwks.json`))
  const expected = { issuer: given.issuer, audience: given.audience, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['sub', 'client_id', 'jti', 'sid', 'auth_time', 'acr', 'amr'] }
  const { payload, protectedHeader } = await jose.jwtVerify(given.access_token, keys, expected)
  assert.equal(payload.sub, 'ada')
  assert.equal(protectedHeader.typ, 'at+jwt')
  await assert.rejects(jose.jwtVerify(given.access_token, keys, { ...expected, typ: 'JWT' }), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
  await assert.rejects(jose.jwtVerify(given.access_token, keys, { ...expected, audience: 'https://elsewhere.test' }), { claim: 'aud' })
}

await { oauth4webapi, 'openid-client': openidClient, jose: joseVerifier }[process.argv[2]]()
console.log('ok')
