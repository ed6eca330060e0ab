import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const shared = fileURLToPath(new URL('../shared/', import.meta.url));

const escaped = text => String(text).replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`);

// Sends one of the pages that all samples share. The token is made for this very answer.
export function sendPage(req, res, template, values) {
  const all = { backend: 'Express', csrf_token: req.auth.csrfToken(), ...values };
  res.set('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'self'");
  res.set('Referrer-Policy', 'same-origin');
  res.type('html').send(readFileSync(shared + template, 'utf8').replace(/\{\{ (\w+) \}\}/g, (_, name) => escaped(all[name])));
}
