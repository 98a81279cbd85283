import { ARMS } from '../arms.js';
import { bundleSizes } from '../bundle-size.js';
import type { LoadRole } from '../load/load-role.js';
import { Poller } from '../poller.js';
import { RemoteProcess } from '../remote-process.js';
import { serverFrame } from '../websocket-frame.js';
import type { Figure } from './gate.js';
import type { GateRole } from './gate-server.js';
import { LIST_CHANGES, ROWS } from './list-changes.js';

const CLIENTS = 20;
const TICKS = 20;
const BATTLES = 100;
const USERS = 100;
const ACTIONS_OF_USER = 1_500;

/** The server of the gate, and the process of its clients. */
interface Bench {
  readonly server: RemoteProcess<GateRole>;
  readonly load: RemoteProcess<LoadRole>;
  readonly port: number;
}

export async function allFigures(): Promise<readonly Figure[]> {
  const server = await RemoteProcess.start<GateRole>('./gate/gate-server.js', {});
  const load = await RemoteProcess.start<LoadRole>('./load/load-role.js', {});
  const bench = { server, load, port: await server.call('port') };
  try {
    return [
      ...(await writes(bench)),
      ...(await battleBytes(bench)),
      ...(await listBytes(bench)),
      ...(await answeredActions(bench)),
      ...clientSizes(),
    ];
  } finally {
    await Promise.all([server.stop(), load.stop()]);
  }
}

async function connect({ load, port }: Bench, group: string, count: number, topics: readonly string[]): Promise<void> {
  await load.call('connect', { group, dialect: 'statewireUser', port, count, topics, timedEvery: 0 });
}

async function writes(bench: Bench): Promise<Figure[]> {
  await connect(bench, 'writes', CLIENTS, ['events']);
  const figures: Figure[] = [];
  for (const perTick of [1, 4, 8]) {
    await bench.load.call('reset', 'writes');
    const count = await bench.server.call('writesOf', { ticks: TICKS, perTick });
    const messages = TICKS * perTick * CLIENTS;
    const received = await bench.load.call('received', { group: 'writes', messages });
    figures.push(
      {
        id: 'B1',
        name: `deliveries with ${perTick} messages per tick`,
        value: received.messages,
        unit: 'messages',
        bound: messages,
        must: 'be exactly',
      },
      {
        id: 'B1',
        name: `writes with ${perTick} messages per tick`,
        value: count,
        unit: 'writes',
        bound: messages / perTick,
        must: 'be exactly',
      },
    );
  }
  await bench.load.call('close', 'writes');
  return figures;
}

/** Bytes of a battle at 10 Hz, against full JSON on a WebSocket and against polls that are as fresh. */
async function battleBytes(bench: Bench): Promise<Figure[]> {
  await connect(bench, 'battle', 1, ['battle']);
  const polled = await ARMS.nestWs.start();
  const poller = new Poller(await polled.call('port'), false);
  await poller.poll();
  const pollsFrom = poller.bytes;
  await bench.load.call('reset', 'battle');
  let full = 0;
  for (let index = 0; index < BATTLES; index += 1) {
    const value = await bench.server.call('publishBattle');
    full += serverFrame(JSON.stringify(value)).length;
    await polled.call('publishBattle', { ticks: 1, intervalMs: 0 });
    await poller.poll();
  }
  const { bytes, messages } = await bench.load.call('received', { group: 'battle', messages: BATTLES });
  const polls = poller.bytes - pollsFrom;
  poller.close();
  await polled.stop();
  await bench.load.call('close', 'battle');
  return [
    { id: 'B6', name: 'patches of a battle', value: messages, unit: 'messages', bound: BATTLES, must: 'be exactly' },
    {
      id: 'B6',
      name: 'bytes of a battle at 10 Hz against full JSON',
      value: (100 * bytes) / full,
      unit: '%',
      bound: 5,
      must: 'be at most',
    },
    {
      id: 'B6',
      name: 'bytes of a battle at 10 Hz against polls',
      value: (100 * bytes) / polls,
      unit: '%',
      bound: 5,
      must: 'be at most',
    },
  ];
}

async function listBytes(bench: Bench): Promise<Figure[]> {
  await connect(bench, 'list', 1, ['list']);
  const figures: Figure[] = [];
  for (const [name, after] of Object.entries(LIST_CHANGES)) {
    for (const value of [ROWS, after]) {
      await bench.load.call('reset', 'list');
      await bench.server.call('publishList', value);
      await bench.load.call('received', { group: 'list', messages: 1 });
    }
    const { bytes } = await bench.load.call('received', { group: 'list', messages: 1 });
    const value = (100 * bytes) / JSON.stringify(after).length;
    figures.push({
      id: 'B19',
      name: `bytes of ${name} against the list`,
      value,
      unit: '%',
      bound: 6,
      must: 'be at most',
    });
  }
  await bench.load.call('close', 'list');
  return figures;
}

/** The broker of the gate has room for a small part of these actions, so the answers prove that it forgets confirmed ones. */
async function answeredActions(bench: Bench): Promise<Figure[]> {
  await connect(bench, 'users', USERS, []);
  await bench.load.call('ask', { group: 'users', name: 'plain', each: ACTIONS_OF_USER });
  const { run = 0, ...others } = await bench.server.call('actions');
  await bench.load.call('close', 'users');
  const refused = Object.values(others).reduce((sum, count) => sum + count, 0);
  return [
    {
      id: 'B20',
      name: 'actions that ran',
      value: run,
      unit: 'actions',
      bound: USERS * ACTIONS_OF_USER,
      must: 'be exactly',
    },
    { id: 'B20', name: 'actions that did not run', value: refused, unit: 'actions', bound: 0, must: 'be exactly' },
  ];
}

function clientSizes(): Figure[] {
  return bundleSizes().flatMap(({ name, size, sizeLimit }): Figure[] =>
    sizeLimit === undefined
      ? []
      : [{ id: 'B15', name, value: size, unit: 'bytes', bound: sizeLimit, must: 'be at most' }],
  );
}
