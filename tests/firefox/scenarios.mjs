// Scenarios in Firefox over WebDriver BiDi: node scenarios.mjs <what a test hands over, as JSON on stdin>. Writes one line of JSON for each scenario on each
// backend: {scenario, backend, error}, where no error means that it passed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import puppeteer from 'puppeteer-core'

const { executable, sites, attacker } = JSON.parse(readFileSync(0, 'utf8'))
const password = 'Correct-horse-1'
const session = '__Host-Http-holdfast'

const browser = await puppeteer.launch({ browser: 'firefox', executablePath: executable, headless: true })

// A quiet page looks once: its own looking would come between what a scenario does.
async function open({ context, quiet }, url) {
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  if (quiet) await page.evaluateOnNewDocument(() => { globalThis.setInterval = () => 0 })
  await page.goto(url)
  return page
}

const state = (page, wanted) => page.waitForFunction(wanted => document.body?.dataset.state === wanted, { timeout: 60_000 }, wanted)

const attempt = (page, path) => page.evaluate(async path => {
  const response = await fetch(path)
  return `${response.status} ${(await response.json()).reason ?? ''}`.trim()
}, path)

async function signIn(person, transport = 'cookie') {
  const page = await open(person, `${person.site}/login`)
  await page.$eval('[name=email]', (input, email) => { input.value = email }, person.email)
  await page.type('[name=password]', password)
  await page.select('[name=transport]', transport)
  await Promise.all([page.waitForNavigation(), page.click('form button')])
  await state(page, 'signed-in')
  return page
}

const cookies = async page => Object.fromEntries((await page.cookies()).map(cookie => [cookie.name, cookie]))

const scenarios = {
  async Who_signs_in_sees_the_page_and_holds_the_cookie(person) {
    const page = await signIn(person)
    assert.equal(await page.$eval('#name', name => name.textContent), 'Ada')
    const { httpOnly, secure, sameSite, path } = (await cookies(page))[session]
    assert.deepEqual({ httpOnly, secure, sameSite, path }, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/' })
  },

  async A_form_on_another_port_changes_nothing(person) {
    const page = await signIn(person)
    const evil = await open(person, attacker)
    const [response] = await Promise.all([evil.waitForResponse(answer => answer.request().method() === 'POST'), evil.evaluate(action => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action })
      form.append(Object.assign(document.createElement('input'), { name: 'scope', value: 'all' }))
      document.body.append(form)
      form.submit()
    }, `${person.site}/auth/logout`)])
    assert.equal(response.status(), 403)
    assert.equal(await attempt(page, '/api/me'), '200')
  },

  async Five_tabs_at_once_refresh_once(person) {
    person.quiet = true
    const pages = [await signIn(person, 'token-cookies')]
    while (pages.length < 5) {
      const page = await open(person, `${person.site}/`)
      await state(page, 'signed-in')
      pages.push(page)
    }

    const before = (await cookies(pages[0]))[`${session}-at`]
    await person.context.deleteCookie(before)
    const answers = await Promise.all(pages.map(page => page.evaluate(async () => {
      const { createClient } = await import('/shared/holdfast-browser.js')
      return createClient().refresh()
    })))
    assert.deepEqual(answers, [true, true, true, true, true])
    const requests = await Promise.all(pages.map(page => page.evaluate(() => performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/auth/refresh')).length)))
    assert.equal(requests.reduce((sum, one) => sum + one), 1)
    assert.notEqual((await cookies(pages[0]))[`${session}-at`].value, before.value)
    assert.equal(await attempt(pages[4], '/api/me'), '200')
  },

  async Signing_out_everywhere_signs_out_every_tab_and_device(person) {
    const page = await signIn(person)
    const tab = await open(person, `${person.site}/`)
    await state(tab, 'signed-in')
    const other = { ...person, context: await browser.createBrowserContext() }
    const elsewhere = await signIn(other)
    await page.click('#sign-out-everywhere')
    await state(page, 'signed-out')
    await state(tab, 'signed-out')
    await state(elsewhere, 'signed-out')
    assert.equal((await cookies(page))[session], undefined)
    await other.context.close()
  },

  async Nothing_private_is_behind_the_back_button(person) {
    const page = await signIn(person)
    await page.type('#note-form [name=text]', 'a private thought')
    await page.click('#note-form button')
    await page.waitForFunction(() => document.querySelector('#notes').textContent.includes('a private thought'))
    await page.click('#sign-out')
    await state(page, 'signed-out')
    assert.ok(!(await page.content()).includes('a private thought'))
    await page.goto('about:blank')
    await page.goBack()
    await page.waitForSelector('[name=password]')
    assert.ok(!(await page.content()).includes('a private thought'))
  },

  async No_script_can_read_a_secret(person) {
    for (const transport of ['cookie', 'token-cookies']) {
      const page = await signIn(person, transport)
      const readable = await page.evaluate(async () => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), await caches.keys(),
        document.documentElement.outerHTML, await (await fetch('/auth/session')).text(), await (await fetch('/api/me')).text()]))
      assert.ok(readable.startsWith('["",{},{},[],[]'))
      for (const { value } of Object.values(await cookies(page))) assert.ok(!readable.includes(value.slice(-24)))
      await page.click('#sign-out')
      await state(page, 'signed-out')
    }
  },
}

async function run(scenario, backend) {
  const context = await browser.createBrowserContext()
  try {
    const email = `ada+${Math.random().toString(36).slice(2, 18)}@example.org`
    await scenarios[scenario]({ context, site: sites[backend], email })
    console.log(JSON.stringify({ scenario, backend }))
  } catch (error) {
    console.log(JSON.stringify({ scenario, backend, error: error.stack ?? String(error) }))
  } finally {
    await context.close()
  }
}

try {
  for (const scenario of Object.keys(scenarios)) await Promise.all(Object.keys(sites).map(backend => run(scenario, backend)))
} finally {
  await browser.close()
}
