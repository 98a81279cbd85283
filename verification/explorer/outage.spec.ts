import { describe, expect, test } from '@jest/globals';
import type { EventDelivery, TopicState } from '@statewire/client';

import { BOARD, boardAt, NOTICES, type Board } from './contract.js';
import { begin, perform, type StepName, type World } from './index.js';

const HISTORY = 8;

interface Outage {
  readonly world: World;
  readonly deliveries: EventDelivery<{ readonly number: number }>[];
  /** The frames of the catch-up, without `subscribed`. */
  readonly caughtUp: string[];
  readonly board: () => TopicState<Board> | undefined;
}

/** Disconnects a client during a number of publications of both topics, then reconnects it over `transport`. */
async function outage(publications: number, transport: 'socket' | 'poll', meanwhile?: StepName): Promise<Outage> {
  const world = await begin({
    world: { history: HISTORY },
    start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  });
  const deliveries: Outage['deliveries'] = [];
  let board: TopicState<Board> | undefined;
  world.page.client.deliveries(NOTICES).subscribe((delivery) => deliveries.push(delivery));
  world.page.client.topic(BOARD).subscribe((state) => (board = state));
  await perform(world, 'cut');
  if (meanwhile) await perform(world, meanwhile);
  for (let number = 0; number < publications; number++) {
    await perform(world, 'publish board');
    await perform(world, 'publish notice');
  }
  const before = world.page.client.metrics;
  const back: readonly StepName[] =
    transport === 'socket' ? ['reconnect', 'up', 'up', 'up'] : ['poll', 'poll up', 'poll down'];
  for (const step of back) await perform(world, step);
  while (transport === 'socket' && world.network.current?.canGoDown) await perform(world, 'down');
  const { patches, snapshots, events } = world.page.client.metrics;
  const kinds = {
    patch: patches - before.patches,
    snapshot: snapshots - before.snapshots,
    event: events - before.events,
  };
  const caughtUp = Object.entries(kinds).flatMap(([kind, count]) => Array.from({ length: count }, () => kind));
  return { world, deliveries, caughtUp, board: () => board };
}

describe.each(['socket', 'poll'] as const)('R5: after an outage, over a %s,', (transport) => {
  test.each([HISTORY - 1, HISTORY])(
    `%s publications with a history of ${HISTORY} are replayed one by one`,
    async (missed) => {
      const { board, caughtUp, deliveries, world } = await outage(missed, transport);
      expect(deliveries).toMatchObject(
        Array.from({ length: missed }, (_, index) => ({ type: 'event', data: { number: index + 2 } })),
      );
      expect(board()).toMatchObject({ value: boardAt(missed + 1), position: { offset: missed + 1 } });
      expect(caughtUp.filter((kind) => kind === 'event')).toHaveLength(missed);
      expect(await world.finish()).toEqual([]);
    },
  );

  test('a short one causes patches and no snapshot', async () => {
    const { caughtUp } = await outage(2, transport);
    expect(caughtUp).toEqual(['patch', 'patch', 'event', 'event']);
  });

  test(`${HISTORY + 1} publications cause one snapshot, and a report of lost events`, async () => {
    const { board, caughtUp, deliveries, world } = await outage(HISTORY + 1, transport);
    expect(deliveries).toEqual([{ type: 'lost', position: world.truth.top(NOTICES.name) }]);
    expect(caughtUp).toEqual(['snapshot']);
    expect(board()).toMatchObject({ value: boardAt(HISTORY + 2), position: world.truth.top(BOARD.name) });
    expect(await world.finish()).toEqual([]);
  });

  test('a new epoch of a state topic causes one snapshot after any number of publications', async () => {
    const { board, caughtUp, world } = await outage(1, transport, 'flush board');
    expect(caughtUp.filter((kind) => kind !== 'event')).toEqual(['snapshot']);
    expect(board()).toMatchObject({ value: boardAt(1), position: world.truth.top(BOARD.name) });
    expect(await world.finish()).toEqual([]);
  });

  test('a new epoch of an event topic is reported as lost, even at the same offset', async () => {
    const { deliveries, world } = await outage(1, transport, 'flush notices');
    expect(deliveries).toEqual([{ type: 'lost', position: world.truth.top(NOTICES.name) }]);
    expect(await world.finish()).toEqual([]);
  });
});
