// Tests run as Node understands them; what they test is the built package, and src/core by itself.
import { readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('.build', { recursive: true, force: true });
await build({
  entryPoints: readdirSync('test').filter(name => name.endsWith('.test.ts')).map(name => `test/${name}`),
  bundle: true, platform: 'node', format: 'esm', target: 'node18', outdir: '.build', outExtension: { '.js': '.mjs' }, inject: ['webcrypto.mjs'],
  external: ['@holdfast/express', 'express', 'express4', 'fastify', 'hono', '@hono/node-server', 'ws', 'esbuild'],
});
