import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  battle,
  chooseRoom,
  dismissNotification,
  notifications,
  pickReward,
  run,
  setBattleSpeed,
  spectators,
  startRun,
  type NotificationEvent,
} from '@statewire/arena';
import { simulate, type EventWatch, type Simulation } from '@statewire/testing-nest';

import { arena, Player } from '../support/simulated-arena.js';

/** With any seed, the party wins its battles. */
const INVINCIBLE_PARTY = { partyHealthFactor: 1_000 };
const FROM_THE_BEGINNING = { since: 'oldest' } as const;

let simulation: Simulation;
let ann: Player;

beforeEach(async () => {
  simulation = await simulate(arena({}, INVINCIBLE_PARTY));
  ann = await Player.join(simulation, 'Ann');
});

afterEach(() => simulation?.close());

/** The notifications of a player, shortened. */
function told({ events }: EventWatch<NotificationEvent>): readonly string[] {
  return events.map((event) => (event.type === 'notified' ? event.notification.kind : event.type));
}

test('an expired token is renewed, and the player keeps acting and receiving notifications', async () => {
  const news = ann.client.listen(notifications.with({ playerId: ann.id }), FROM_THE_BEGINNING);
  await ann.client.act(startRun, {});
  await news.count(1);
  await simulation.clock.advance(1_000);
  const before = ann.token;

  ann.client.expireToken();
  await simulation.until(() => ann.asked.includes('expired'), 'the token to be renewed');
  await ann.client.live();
  await ann.client.act(startRun, {});
  await news.count(3);

  expect(ann.token).not.toBe(before);
  expect(told(news)).toEqual(['run-started', 'run-lost', 'run-started']);
});

test.each(['WebSocket', 'polling'])('notifications stay private to their player, over %s', async (transport) => {
  if (transport === 'polling') simulation.network.upgrades('reject');
  const bob = await Player.join(simulation, 'Bob');
  const topic = notifications.with({ playerId: ann.id });
  const own = ann.client.listen(topic, FROM_THE_BEGINNING);
  const others = [bob.client, simulation.connect()].map((client) => client.listen(topic, FROM_THE_BEGINNING));

  await ann.client.act(startRun, {});
  await own.count(1);
  const before = bob.token;
  bob.client.expireToken();
  await simulation.until(() => bob.token !== before, 'the token to be renewed');
  const again = bob.client.listen(topic, FROM_THE_BEGINNING);
  await simulation.clock.advance(10_000);

  expect(bob.client.status.state).toBe(transport === 'polling' ? 'polling' : 'live');
  expect(told(own)).toEqual(['run-started']);
  expect([...others, again].map(({ error, deliveries }) => ({ error, deliveries }))).toEqual(
    Array(3).fill({ error: expect.objectContaining({ code: 'forbidden' }), deliveries: [] }),
  );
});

test('a dismissal on one page reaches every page of the player, even one that was offline', async () => {
  const other = ann.anotherPage();
  const topic = notifications.with({ playerId: ann.id });
  const pages = [ann, other].map(({ client }) => client.listen(topic, FROM_THE_BEGINNING));
  await ann.client.act(startRun, {});
  await Promise.all(pages.map((page) => page.count(1)));
  const [first] = pages[0]!.events;

  other.client.network.blackhole();
  const notificationId = first?.type === 'notified' ? first.notification.id : '';
  await ann.client.act(dismissNotification, { notificationId });
  await simulation.clock.advance(5_000);
  other.client.network.restore();
  for (const page of pages) await page.count(2);

  expect(pages.map(told)).toEqual(Array(2).fill(['run-started', 'dismissed']));
});

test('a run leads from room to room, and each page sees every phase once and in order', async () => {
  const { runId, battleId } = await ann.startBattle();
  const watching = simulation.connect().watch(run.with({ runId }));
  await watching.live();
  await ann.client.act(setBattleSpeed, { battleId, speed: 4 });

  await watching.shows(({ phase }) => phase === 'reward', 120_000);
  const { offers } = watching.value!;
  await ann.client.act(pickReward, { runId, offerId: offers[0]!.id });
  await watching.shows(({ phase }) => phase === 'choosing');
  const { choices } = watching.value!;
  await ann.client.act(chooseRoom, { runId, roomId: choices[0]! });
  await watching.shows(({ currentRoomId }) => currentRoomId === choices[0]);

  const phases = watching.states.flatMap(({ value }) => value?.phase ?? []);
  const changes = phases.filter((phase, index) => phase !== phases[index - 1]);
  expect(changes.slice(0, 3)).toEqual(['in-battle', 'reward', 'choosing']);
  expect(changes).toHaveLength(4);
});

test('the spectators are the watching clients: a short loss of the network keeps them, and leaving takes effect after the grace period', async () => {
  const { battleId } = await ann.startBattle();
  const topic = battle.with({ battleId });
  const watching = simulation.connect();
  const list = watching.watch(spectators.with({ battleId }));
  const guest = simulation.connect();
  for (const { client } of [ann, { client: watching }, { client: guest }]) client.watch(topic);
  await list.shows(({ count }) => count === 3);
  expect(list.value?.members.map(({ info }) => info?.name)).toEqual(expect.arrayContaining(['Ann', undefined]));

  const shown = list.states.length;
  ann.client.network.cut();
  await simulation.clock.advance(15_000);
  expect(list.states.slice(shown)).toEqual([]);

  const left = simulation.clock.monotonic();
  guest.close();
  await list.shows(({ count }) => count === 2);
  expect(simulation.clock.monotonic() - left).toBeGreaterThanOrEqual(10_000);
  expect(list.value?.members.map(({ info }) => info?.name)).toEqual(expect.arrayContaining(['Ann', undefined]));
});

test('a player may have twenty connected pages; the next one polls until one of them closes', async () => {
  const pages = [ann, ...Array.from({ length: 19 }, () => ann.anotherPage())];
  for (const { client } of pages) await client.live();
  const late = ann.anotherPage().client;
  late.realtime.connect();
  await simulation.clock.advance(20_000);
  expect(late.status).toMatchObject({ state: 'polling', reason: { code: 'too_many_requests' } });
  pages[3]!.client.close();
  await late.live();
});
