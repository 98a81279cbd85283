import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { battle, lobby, spectators, type BattleSnapshot } from '@statewire/arena';
import type { RealtimeClient, TopicState } from '@statewire/client';
import { filter, firstValueFrom, map, take, toArray } from 'rxjs';

import { Arena, type Transport } from './support/arena.js';

type Shown = TopicState<BattleSnapshot> & { readonly value: BattleSnapshot };

const hasValue = (state: TopicState<BattleSnapshot>): state is Shown => state.value !== undefined;

describe('Watching', () => {
  let arena: Arena;

  beforeEach(async () => {
    arena = await Arena.start();
  });

  afterEach(() => arena.stop());

  async function aBattle(client: RealtimeClient): Promise<string> {
    const listed = client.state(lobby.with()).pipe(
      map(({ battles }) => battles.find(({ status }) => status === 'running')?.battleId),
      filter((battleId) => battleId !== undefined),
    );
    return firstValueFrom(listed);
  }

  it.each<Transport>(['websocket', 'polling'])(
    'begins with the whole battle by %s, without a session',
    async (transport) => {
      const client = arena.client(undefined, transport);
      const battleId = await aBattle(client);
      const { value, position } = await firstValueFrom(client.topic(battle.with({ battleId })).pipe(filter(hasValue)));

      expect(value).toMatchObject({ battleId, status: 'running', speed: 1 });
      expect(value.party).toHaveLength(4);
      expect(value.foes).toHaveLength(4);
      expect(position?.offset).toBeGreaterThan(0);
      expect(client.status).toMatchObject({ transport });
    },
  );

  it('shows every tick in order', async () => {
    const client = arena.client();
    const battleId = await aBattle(client);
    const shown = await firstValueFrom(
      client.topic(battle.with({ battleId })).pipe(filter(hasValue), take(21), toArray()),
    );
    const ticks = shown.map(({ value }) => value.tick);
    const offsets = shown.map(({ position }) => position!.offset);

    expect(ticks).toEqual(ticks.map((_, index) => ticks[0]! + index));
    expect(offsets).toEqual(offsets.map((_, index) => offsets[0]! + index));
    expect(client.metrics.patches).toBeGreaterThanOrEqual(20);
  });

  it('shows two watchers the same battle', async () => {
    const [one, other] = [arena.client(), arena.client(undefined, 'polling')];
    const battleId = await aBattle(one);
    const seen = new Map<number, string>();
    const watched = one.topic(battle.with({ battleId })).pipe(filter(hasValue));
    const following = watched.subscribe(({ value }) => seen.set(value.tick, JSON.stringify(value)));
    const polled = await firstValueFrom(
      other.topic(battle.with({ battleId })).pipe(filter(hasValue), take(4), toArray()),
    );
    await firstValueFrom(watched.pipe(filter(({ value }) => value.tick >= polled.at(-1)!.value.tick)));
    following.unsubscribe();
    const common = polled.filter(({ value }) => seen.has(value.tick));

    expect(common.length).toBeGreaterThan(0);
    expect(common.map(({ value }) => JSON.stringify(value))).toEqual(common.map(({ value }) => seen.get(value.tick)));
  });

  it('reports a battle that does not exist as unknown, on both transports', async () => {
    const topic = battle.with({ battleId: 'nowhere' });

    for (const client of [arena.client(), arena.client(undefined, 'polling')]) {
      await expect(firstValueFrom(client.state(topic))).rejects.toMatchObject({ code: 'unknown_topic' });
    }
  });

  it('lists the spectators on any transport: players by name and guests by number', async () => {
    const ann = await arena.session('Ann');
    const watchers = [
      arena.client(ann),
      arena.client(ann, 'polling'),
      arena.client(),
      arena.client(undefined, 'polling'),
    ];
    const battleId = await aBattle(arena.client());
    const all = arena
      .client(undefined, 'polling')
      .state(spectators.with({ battleId }))
      .pipe(filter(({ count }) => count === 3));
    for (const watcher of watchers) watcher.state(battle.with({ battleId })).subscribe();
    const { members } = await firstValueFrom(all);

    expect(members.map(({ info }) => info)).toEqual(
      expect.arrayContaining([{ playerId: ann.playerId, name: 'Ann' }, undefined, undefined]),
    );
  });
});
