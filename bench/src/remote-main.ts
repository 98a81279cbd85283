import 'reflect-metadata';

import type { CallMessage, ReplyMessage } from './remote-process.js';

const [role = '', options = '{}'] = process.argv.slice(2);
const { start } = (await import(role)) as {
  start: (options: unknown) => Promise<Record<string, (argument: unknown) => unknown>>;
};
const calls = await start(JSON.parse(options));

process.on('message', ({ id, name, argument }: CallMessage) => {
  void Promise.resolve(calls[name]?.(argument)).then(
    (result) => reply({ id, result }),
    (error: unknown) => reply({ id, error: String(error) }),
  );
});
reply({ id: 0 });

function reply(message: ReplyMessage): void {
  process.send?.(message);
}
