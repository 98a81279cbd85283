import { now } from '../clock.js';
import { ARMS } from '../arms.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';
import { type Pair, startPairs, stopPairs } from './reconnecting.js';

const CLIENTS = 1_000;
const TEXT_LENGTH = 190;
const BURST = { perTick: 1, intervalMs: 100, textLength: TEXT_LENGTH };
const TICKS = 60;
const WITHIN_MS = 10_000;

export const reconnectStorm: Scenario = {
  name: 'reconnect-storm',
  title: 'Reconnect storm: 1,000 clients lose their connection at once',
  about:
    'The clients of both libraries have their defaults. Events go to all 10 times a second. The CPU is that of the server until the ' +
    'last client is back, without what the same events cost in quiet times.',
  base: ARMS.socketIoRecovery.name,
  ratioOf: ['CPU of the server for one client'],
  seconds: 24,
  prepare: async () => {
    const pairs = await startPairs(['statewire', 'socketIo']);
    for (const { clients, library, port } of pairs) await clients.call('connect', { library, port, count: CLIENTS });
    return {
      round: async () => {
        const rows: Measurement[] = [];
        for (const pair of shuffled(pairs)) rows.push(...(await storm(pair)));
        return rows;
      },
      close: () => stopPairs(pairs),
    };
  },
};

async function storm({ arm: { name: arm }, server, clients }: Pair): Promise<Measurement[]> {
  const cpu = async (): Promise<number> => {
    const { user, system } = await server.call('usage');
    return user + system;
  };
  await clients.call('reset');
  const [quietBegan, quietAt] = [await cpu(), now()];
  await server.call('publishEvents', { ...BURST, ticks: 10 });
  await clients.call('until', { reached: CLIENTS, received: 10 * CLIENTS, withinMs: WITHIN_MS });
  const quietPerMs = ((await cpu()) - quietBegan) / (now() - quietAt);

  const [stormBegan, cutAt] = [await cpu(), now()];
  await server.call('cut');
  await clients.call('reset');
  const publishing = server.call('publishEvents', { ...BURST, ticks: TICKS });
  const back = await clients.call('until', { reached: CLIENTS, received: 0, withinMs: WITHIN_MS });
  const used = (await cpu()) - stormBegan - quietPerMs * (now() - cutAt);
  await publishing;
  const received = TICKS * CLIENTS;
  const after = await clients.call('until', { reached: CLIENTS, received, withinMs: WITHIN_MS });
  return [
    { arm, metric: 'last client has events again after', unit: 'ms', value: back.lastReachedAt - cutAt },
    { arm, metric: 'clients that started anew', unit: '%', value: (100 * after.restarts) / CLIENTS },
    { arm, metric: 'events delivered', unit: '%', value: (100 * after.received) / received },
    { arm, metric: 'CPU of the server for one client', unit: 'µs', value: used / CLIENTS },
  ];
}
