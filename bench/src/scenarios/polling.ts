import { ARMS, type ServerProcess } from '../arms.js';
import type { Measurement } from '../measurements.js';
import { Poller } from '../poller.js';
import type { Scenario } from '../scenario.js';

const POLLS = 100;
const INTERVAL_S = 2;

export const polling: Scenario = {
  name: 'polling',
  title: 'Polling the same battle over HTTP',
  about:
    'A Nest endpoint answers polls every 2 s over a kept-alive connection. Every poll sees another value, or the value never changes. ' +
    'Compare the bytes with those of ten changes a second in "Latency and bytes".',
  seconds: 4,
  prepare: async () => {
    const server = await ARMS.nestWs.start();
    const port = await server.call('port');
    return {
      round: async () => [
        ...(await poll({ server, port, hasETag: false, changes: true })),
        ...(await poll({ server, port, hasETag: true, changes: true })),
        ...(await poll({ server, port, hasETag: false, changes: false })),
        ...(await poll({ server, port, hasETag: true, changes: false })),
      ],
      close: () => server.stop(),
    };
  },
};

interface PollOptions {
  readonly server: ServerProcess;
  readonly port: number;
  readonly hasETag: boolean;
  readonly changes: boolean;
}

async function poll({ server, port, hasETag, changes }: PollOptions): Promise<Measurement[]> {
  const poller = new Poller(port, hasETag);
  await poller.poll();
  const [bytes, before] = [poller.bytes, await server.call('usage')];
  for (let index = 0; index < POLLS; index += 1) {
    if (changes) await server.call('publishBattle', { ticks: 1, intervalMs: 0 });
    await poller.poll();
  }
  const after = await server.call('usage');
  const perPoll = (poller.bytes - bytes) / POLLS;
  poller.close();
  const arm = hasETag ? 'HTTP polling, ETag' : 'HTTP polling';
  const which = changes ? 'a new value each time' : 'the same value each time';
  const rows = [{ arm, metric: `bytes per client, ${which}`, unit: 'B/s', value: perPoll / INTERVAL_S }];
  if (changes) return rows;
  const cpu = after.user + after.system - before.user - before.system;
  return [...rows, { arm, metric: `CPU per poll, ${which}`, unit: 'µs', value: cpu / POLLS }];
}
