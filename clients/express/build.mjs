// ESM and CommonJS beside each other, jose bundled into both, and the types with each.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
const shared = { entryPoints: ['src/express.ts', 'src/fastify.ts', 'src/hono.ts'], bundle: true, platform: 'node', target: 'node18', packages: 'bundle', external: ['express', 'fastify', 'hono'], inject: ['webcrypto.mjs'] };
await build({ ...shared, format: 'esm', splitting: true, outdir: 'dist/esm' });
await build({ ...shared, format: 'cjs', outdir: 'dist/cjs' });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
for (const outDir of ['dist/esm', 'dist/cjs']) {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.json', '--emitDeclarationOnly', '--outDir', outDir], { stdio: 'inherit' });
}
