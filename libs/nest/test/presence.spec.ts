import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { VirtualEnvironment } from '@statewire/testing';
import { eventTopic, presenceTopic, stateTopic, type Presence, type ServerFrame } from '@statewire/protocol';

import {
  Caller,
  OnPresence,
  OnTopic,
  RealtimeHandlers,
  RealtimeMetrics,
  TopicParams,
  type MetricsSnapshot,
  type RealtimeRequest,
} from '../src/index.js';
import { untilTrue } from './support/event-loop-turn.js';
import { TestApplication } from './support/test-application.js';
import { authenticate, BanGuard, OwnerGuard } from './support/arena-fixture.js';
import { poll, send, TRANSPORTS } from './support/transports.js';

interface Spectator {
  readonly name: string;
}

const battle = stateTopic<{ hp: number }>()('battles/:battleId');
const spectators = presenceTopic<Spectator>()(battle);
const secrets = stateTopic<string>()('secrets/:owner');
const readers = presenceTopic()(secrets);
const rooms = eventTopic<string>()('rooms/:roomId');
const occupants = presenceTopic<string>()(rooms);
const club = stateTopic<number>()('club');
const guests = presenceTopic()(club);
const lonely = stateTopic<number>()('lonely');

const GRACE = 10_000;
const BATTLE = 'battles/7';

class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.getArgByIndex<RealtimeRequest>(0).user === 'admin';
  }
}

@RealtimeHandlers()
class Handlers {
  @OnTopic(battle)
  battle(): { hp: number } {
    return { hp: 7 };
  }

  @OnPresence(spectators)
  async spectator(
    @Caller() user: string | undefined,
    @TopicParams() { battleId }: { battleId: string },
  ): Promise<Spectator | undefined> {
    if (user === 'thrower') throw new Error('secret of the server');
    if (user === 'never') return new Promise(() => undefined);
    if (user === 'large') return { name: 'x'.repeat(2_000) };
    return user === undefined ? undefined : { name: `${user} at ${battleId}` };
  }

  @OnTopic(secrets)
  @UseGuards(OwnerGuard)
  secret(): string {
    return 'secret';
  }

  @OnPresence(readers)
  reader(): void {}

  @OnTopic(rooms)
  room(): void {}

  @OnPresence(occupants)
  @UseGuards(AdminGuard)
  occupant(@Caller() user: string): string {
    return user;
  }

  @OnTopic(club)
  @UseGuards(BanGuard)
  club(): number {
    return 1;
  }

  @OnPresence(guests)
  guest(): void {}

  @OnTopic(lonely)
  lonely(): number {
    return 1;
  }
}

let arena: TestApplication;
let virtual: VirtualEnvironment;
/** Every value of `presence/battles/7` since the start. */
let values: Presence<Spectator>[];

beforeEach(async () => {
  virtual = new VirtualEnvironment();
  values = [];
  arena = await TestApplication.start({
    clock: virtual,
    realtime: { authenticate, heartbeat: { intervalMs: 3_600_000 } },
    providers: [Handlers],
  });
});

afterEach(() => arena.close());

/** Follows the presence topic of the battle, and resolves at its first value. */
async function watch(): Promise<void> {
  await new Promise<void>((resolve) => {
    arena.bus.stream(spectators.with({ battleId: '7' })).subscribe((value) => {
      values.push(value);
      resolve();
    });
  });
}

/** Waits for a value with this number of members, in steps as short as possible. */
async function counted(count: number): Promise<Presence<Spectator>> {
  for (let waited = 0; waited < 200; waited++) {
    const last = values.at(-1);
    if (last?.count === count) return last;
    await virtual.advance(5);
  }
  throw new Error(`There are ${values.at(-1)?.count}, and never ${count}.`);
}

function clientId(name: string): string {
  return name.padEnd(24, '-');
}

/** A client that follows topics over a socket. */
async function follow(name: string, topics: readonly string[] = [BATTLE], token?: string) {
  const socket = await arena.connect();
  await socket.hello(token, clientId(name));
  for (const topic of topics) {
    socket.send({ type: 'subscribe', topics: [{ topic }] });
    await socket.next('subscribed', (frame) => frame.topic === topic);
  }
  return socket;
}

/** Waits until the server has closed the sockets. */
async function connections(count: number): Promise<void> {
  await untilTrue(() => arena.connections.list().length === count);
}

const bearer = (user: string) => ({ headers: { authorization: `Bearer ${user}` } });

describe('a presence topic', () => {
  test('never shows an empty list to a client that follows the topic and its presence at once', async () => {
    const socket = await arena.connect();
    await socket.hello(undefined, clientId('a'));
    socket.send({ type: 'subscribe', topics: [{ topic: 'presence/battles/7' }, { topic: BATTLE }] });
    await socket.next('subscribed', ({ topic }) => topic === BATTLE);
    await virtual.advance(300);
    const { data } = await socket.next('snapshot', ({ topic }) => topic === 'presence/battles/7');
    expect(data).toMatchObject({ count: 1 });
  });

  test('lists the followers: users with the data of the application, clients without', async () => {
    await watch();
    expect(values).toEqual([{ count: 0, members: [] }]);
    await follow('a', [BATTLE], 'ann');
    await counted(1);
    await follow('b');
    const { members } = await counted(2);
    expect(members.map(({ info }) => info)).toEqual([{ name: 'ann at 7' }, undefined]);
  });

  test('has no id, token or address of a client', async () => {
    await watch();
    const socket = await follow('a', [BATTLE, 'battles/8', 'presence/battles/8'], 'ann');
    await follow('b', [BATTLE, 'battles/8']);
    const here = await counted(2);
    const { data } = await socket.next('snapshot', (frame) => frame.topic === 'presence/battles/8');
    const there = data as unknown as Presence;
    expect(Object.keys(here.members[1]!)).toEqual(['id']);
    const text = JSON.stringify([values, there]);
    for (const private_ of [
      clientId('a'),
      clientId('b'),
      '127.0.0.1',
      ...arena.connections.list().map(({ id }) => id),
    ]) {
      expect(text).not.toContain(private_);
    }
    const ids = [...here.members, ...there.members].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{20,}$/);
  });

  test('is a state topic with snapshots, patches, positions and polling', async () => {
    const reader = await follow('r', ['presence/battles/7']);
    const snapshot = await reader.next('snapshot');
    expect(snapshot).toMatchObject({ topic: 'presence/battles/7', offset: 1, data: { count: 0, members: [] } });
    await follow('a', [BATTLE], 'ann');
    await virtual.advance(250);
    const next = await reader.next(['patch', 'snapshot']);
    expect(next).toMatchObject({ topic: 'presence/battles/7', offset: 2 });
    const { frames } = await poll(arena, [
      { topic: 'presence/battles/7', since: { epoch: snapshot.epoch, offset: 1 } },
    ]);
    expect(frames).toMatchObject([{ type: 'subscribed', recovered: true, offset: 2 }, { offset: 2 }]);
    const answer = await send(arena, { path: '/realtime/snapshot?topic=presence/battles/7' });
    expect(answer.json).toMatchObject({ kind: 'state', offset: 2, data: { count: 1 } });
  });

  test('does not count readers and snapshot requests', async () => {
    await watch();
    await follow('r', ['presence/battles/7', 'lonely']);
    await send(arena, { path: '/realtime/snapshot?topic=battles/7' });
    await virtual.advance(1_000);
    expect(values).toEqual([{ count: 0, members: [] }]);
  });

  test('counts each client once and each user once, with any number of connections', async () => {
    await watch();
    await follow('a');
    await follow('a');
    await poll(arena, [{ topic: BATTLE }], { clientId: clientId('a') });
    await follow('b', [BATTLE], 'ann');
    await follow('c', [BATTLE], 'ann');
    await poll(arena, [{ topic: BATTLE }], { clientId: clientId('d'), ...bearer('ann') });
    await virtual.advance(1_000);
    expect((await counted(2)).members).toHaveLength(2);
  });

  test('lists members without data if the application fails, is too slow or gives too much', async () => {
    await watch();
    for (const user of ['thrower', 'large', 'never']) await follow(user, [BATTLE], user);
    await virtual.advance(3_000);
    const { members } = await counted(3);
    expect(members.map(({ info }) => info)).toEqual([undefined, undefined, undefined]);
  });
});

describe('a member', () => {
  test('stays during a reload within the grace period', async () => {
    await watch();
    const before = await follow('a', [BATTLE], 'ann');
    await counted(1);
    before.webSocket.terminate();
    await connections(0);
    await virtual.advance(GRACE - 10);
    const after = await follow('a', [BATTLE], 'ann');
    await virtual.advance(3 * GRACE);
    expect(values.map(({ count }) => count)).toEqual([0, 1]);
    after.webSocket.terminate();
    await connections(0);
    await virtual.advance(GRACE - 10);
    expect(values.at(-1)?.count).toBe(1);
    await virtual.advance(300);
    expect(values.map(({ count }) => count)).toEqual([0, 1, 0]);
  });

  test('leaves at once with unsubscribe, and stays with a repeated subscription', async () => {
    await watch();
    const socket = await follow('a');
    await counted(1);
    socket.send({ type: 'subscribe', topics: [{ topic: BATTLE }] });
    await socket.next('subscribed');
    await virtual.advance(1_000);
    expect(values.map(({ count }) => count)).toEqual([0, 1]);
    socket.send({ type: 'unsubscribe', topics: [BATTLE] });
    await socket.next('unsubscribed');
    await virtual.advance(250);
    expect(values.map(({ count }) => count)).toEqual([0, 1, 0]);
  });

  test('stays when the client moves from polling to a socket and back', async () => {
    await watch();
    const everySecond = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) {
        await poll(arena, [{ topic: BATTLE }], { clientId: clientId('a') });
        await virtual.advance(2_000);
      }
    };
    await everySecond(10);
    const socket = await follow('a');
    await virtual.advance(60_000);
    socket.webSocket.terminate();
    await connections(0);
    await virtual.advance(3_000);
    await everySecond(10);
    expect(values.map(({ count }) => count)).toEqual([0, 1]);
    await virtual.advance(GRACE);
    expect(values.map(({ count }) => count)).toEqual([0, 1, 0]);
  });

  test('stays while a poll is held', async () => {
    await watch();
    const { frames } = await poll(arena, [{ topic: BATTLE }], { clientId: clientId('a') });
    const [{ epoch, offset }] = frames as [Extract<ServerFrame, { type: 'subscribed' }>];
    await counted(1);
    const held = poll(arena, [{ topic: BATTLE, since: { epoch, offset } }], { clientId: clientId('a'), wait: 25 });
    await untilTrue(() => arena.get(RealtimeMetrics).snapshot().counters.pollsHeld === 1);
    await virtual.advance(24_000);
    expect(values.map(({ count }) => count)).toEqual([0, 1]);
    await virtual.advance(1_000);
    await held;
    await virtual.advance(GRACE - 10);
    expect(values.at(-1)?.count).toBe(1);
    await virtual.advance(300);
    expect(values.at(-1)?.count).toBe(0);
  });

  test('leaves when the topic closes', async () => {
    await watch();
    await follow('a');
    await counted(1);
    await arena.bus.close(battle.with({ battleId: '7' }));
    await virtual.advance(300);
    expect(values.at(-1)?.count).toBe(0);
  });
});

describe('the readers of a presence topic', () => {
  test.each(TRANSPORTS)('may read the topic; others cannot tell over $name whether it exists', async (transport) => {
    await follow('o', ['secrets/ann'], 'ann');
    const owner = await transport.open(arena, 'ann', clientId('ann'));
    expect(await owner.read('presence/secrets/ann')).toMatchObject({ type: 'subscribed', kind: 'state' });
    for (const token of ['ben', undefined]) {
      const stranger = await transport.open(arena, token, clientId(`stranger-${token}`));
      const rejections = [
        await stranger.read('secrets/ann'),
        await stranger.read('presence/secrets/ann'),
        await stranger.read('presence/secrets/nobody'),
      ];
      // They differ in the names that the stranger gave.
      const shapes = rejections.map((rejection) =>
        JSON.stringify(rejection).replaceAll(/(presence\/)?secrets\/\w+/g, 'NAME'),
      );
      expect(new Set(shapes).size).toBe(1);
      expect(rejections[0]).toMatchObject({ type: 'error', code: 'forbidden' });
    }
  });

  test.each(['presence/lonely', 'presence/nowhere', 'presence/presence/battles/7', 'presence'])(
    'get unknown_topic for %s',
    async (topic) => {
      const stranger = await TRANSPORTS[0]!.open(arena);
      expect(await stranger.read(topic)).toMatchObject({ type: 'error', code: 'unknown_topic' });
    },
  );

  test('must also pass its own guards', async () => {
    await follow('b', ['rooms/1'], 'ben');
    const ben = await TRANSPORTS[0]!.open(arena, 'ben', clientId('ben'));
    expect(await ben.read('presence/rooms/1')).toMatchObject({ type: 'error', code: 'forbidden' });
    const admin = await follow('admin', ['presence/rooms/1'], 'admin');
    const { data } = await admin.next('snapshot');
    expect(data).toMatchObject({ count: 1, members: [{ info: 'ben' }] });
  });

  test('lose it with the permission and leave at once', async () => {
    const counts: number[] = [];
    arena.bus.stream(guests.with()).subscribe(({ count }) => counts.push(count));
    const socket = await follow('a', ['club', 'presence/club'], 'ann');
    await virtual.advance(1_000);
    expect(counts.at(-1)).toBe(1);
    BanGuard.banned.add('ann');
    try {
      socket.send({ type: 'authenticate', token: 'ann' });
      const ended = [await socket.next('unsubscribed'), await socket.next('unsubscribed')];
      expect(ended.map(({ topic, code }) => [topic, code])).toEqual([
        ['club', 'forbidden'],
        ['presence/club', 'forbidden'],
      ]);
    } finally {
      BanGuard.banned.clear();
    }
    await virtual.advance(250);
    expect(counts.at(-1)).toBe(0);
  });
});

describe('many members', () => {
  test('that come and go in a loop cause at most four publications a second', async () => {
    await watch();
    const sockets = await Promise.all(Array.from({ length: 20 }, (_, n) => follow(`loop-${n}`, [])));
    const began = virtual.monotonic();
    for (let round = 0; round < 20; round++) {
      for (const socket of sockets) {
        socket.send({ type: 'subscribe', topics: [{ topic: BATTLE }] });
        socket.send({ type: 'unsubscribe', topics: [BATTLE] });
      }
      await Promise.all(sockets.map((socket) => socket.next('unsubscribed')));
      await virtual.advance(100);
    }
    await virtual.advance(1_000);
    const quarters = (virtual.monotonic() - began) / 250;
    expect(values.length).toBeLessThanOrEqual(quarters + 2);
    expect(values.at(-1)?.count).toBe(0);
  });

  test('R17: leave nothing behind', async () => {
    const metrics = (): MetricsSnapshot => arena.get(RealtimeMetrics).snapshot();
    const sockets = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        follow(`client-${n}`, [`battles/${n}`], n % 2 === 0 ? `user-${n}` : undefined),
      ),
    );
    for (let n = 0; n < 20; n++) await poll(arena, [{ topic: `battles/${n}` }], { clientId: clientId(`poll-${n}`) });
    expect(metrics().gauges).toMatchObject({ presenceTopics: 20, presenceClients: 40 });
    for (const socket of sockets) socket.webSocket.terminate();
    await connections(0);
    await virtual.advance(GRACE + 1_000);
    expect(metrics()).toMatchObject({
      gauges: { presenceTopics: 0, presenceClients: 0 },
      counters: { presenceJoins: 40, presenceLeaves: { lost: 40 }, presenceUncounted: 0 },
    });
  });
});
