import { register } from 'node:module';

/*
 * Lists the runtime files that each operation executes, and fails if an operation executes more than its limit.
 *
 * node --conditions=source verification/executed-files/run.mjs
 */
register('../support/typescript-hooks.mjs', import.meta.url);
const { measureOperations } = await import('./operations.ts');

let tooMany = 0;
for (const { operation, files, limit } of await measureOperations()) {
  console.log(`${operation}: ${files.length} files of at most ${limit}`);
  for (const file of files) console.log(`  ${file}`);
  if (files.length > limit) tooMany += 1;
}
if (tooMany > 0) console.error('An operation executes more files than its limit: merge files, or shorten the path.');
process.exit(tooMany === 0 ? 0 : 1);
