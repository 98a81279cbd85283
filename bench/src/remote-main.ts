import { createInterface } from 'node:readline';

import 'reflect-metadata';

import type { CallMessage, ReplyMessage } from './remote-process.js';

const [role = '', options = '{}'] = process.argv.slice(2);
const { start } = (await import(role)) as {
  start: (options: unknown) => Promise<Record<string, (argument: unknown) => unknown>>;
};
const calls = await start(JSON.parse(options));

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void carryOut(JSON.parse(line) as CallMessage));
// The driver is gone.
lines.on('close', () => process.exit());
reply({ id: 0 });

async function carryOut({ id, name, argument }: CallMessage): Promise<void> {
  const call = calls[name];
  try {
    if (!call) throw new Error(`This arm has no "${name}".`);
    reply({ id, result: await call(argument) });
  } catch (error) {
    reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function reply(message: ReplyMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
