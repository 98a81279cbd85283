import { register } from 'node:module';
import { parseArgs } from 'node:util';

/*
 * Plays random histories outside of Jest, in less time, and writes one line of JSON: `{ played, error? }`. Says on stderr
 * how far it is.
 *
 * node --conditions=source verification/histories/run.mjs --histories 1000 [--seed 7]
 */
const { values } = parseArgs({ options: { histories: { type: 'string', default: '1000' }, seed: { type: 'string' } } });

register('../support/typescript-hooks.mjs', import.meta.url);
const { checkHistories } = await import('./check-histories.ts');

try {
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  const played = await checkHistories(Number(values.histories), seed);
  process.stdout.write(`${JSON.stringify({ played })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ played: 0, error: error.message, stack: String(error.cause?.stack) })}\n`);
}
