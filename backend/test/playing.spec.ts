import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chooseRoom,
  dismissNotification,
  notifications,
  pauseBattle,
  pickReward,
  resumeBattle,
  run,
  setBattleSpeed,
  startRun,
  type NotificationEvent,
  type RunSnapshot,
  type Session,
} from '@statewire/arena';
import type { RealtimeClient, RealtimeClientError } from '@statewire/client';
import { filter, firstValueFrom, take, toArray, type Observable } from 'rxjs';

import { gameIndex, inbox } from '../src/game/game-topics.js';
import { Arena, type Transport } from './support/arena.js';

describe.each<Transport>(['websocket', 'polling'])('Playing by %s', (transport) => {
  let arena: Arena;
  let ann: Session;
  let client: RealtimeClient;

  beforeEach(async () => {
    // The party wins each battle, in 600 turns or more.
    arena = await Arena.start({ game: { turn: 10, foeHealthFactor: 4 } });
    ann = await arena.session('Ann');
    client = arena.client(ann, transport);
  });

  afterEach(() => arena.stop());

  const act = <Data, Result>(
    ...parameters: [action: { readonly name: string; readonly __data?: Data; readonly __result?: Result }, data: Data]
  ) => firstValueFrom(client.act(...parameters));

  const reach = (runId: string, fits: (snapshot: RunSnapshot) => boolean) =>
    firstValueFrom(client.state(run.with({ runId })).pipe(filter(fits)));

  it('leads from room to room: choose, fight, pick, choose', async () => {
    const { runId, phase } = await act(startRun, {});
    const { choices } = await reach(runId, () => true);
    const entered = await act(chooseRoom, { runId, roomId: choices[0]! });
    await act(setBattleSpeed, { battleId: entered.battleId!, speed: 4 });
    const { offers } = await reach(runId, (snapshot) => snapshot.phase === 'reward');
    const picked = await act(pickReward, { runId, offerId: offers[0]!.id });
    const after = await reach(runId, (snapshot) => snapshot.phase === 'choosing');

    expect([phase, entered.phase, picked.phase]).toEqual(['choosing', 'in-battle', 'choosing']);
    expect(after.rooms.filter(({ visited }) => visited).map(({ id }) => id)).toEqual([choices[0]]);
    expect([...after.deck, ...after.relics]).toHaveLength(1);
    expect(after.choices).toEqual(after.rooms.find(({ id }) => id === choices[0])?.next);
  });

  it('pauses, speeds up and resumes a battle, and the answer has its state', async () => {
    const { runId } = await act(startRun, {});
    const { battleId } = await act(chooseRoom, { runId, roomId: 'room-1-1' });
    const paused = await act(pauseBattle, { battleId: battleId! });
    const faster = await act(setBattleSpeed, { battleId: battleId!, speed: 4 });
    const resumed = await act(resumeBattle, { battleId: battleId! });

    expect(paused).toMatchObject({ battleId, status: 'paused', speed: 1 });
    expect(faster).toEqual({ ...paused, speed: 4 });
    expect(resumed).toEqual({ ...faster, status: 'running' });
  });

  it('notifies the player once of each thing, and every page of dismissals', async () => {
    const other = arena.client(ann, transport === 'websocket' ? 'polling' : 'websocket');
    const topic = notifications.with({ playerId: ann.playerId });
    const told = [client, other].map((one) =>
      firstValueFrom(one.events(topic, { since: 'oldest' }).pipe(take(2), toArray())),
    );
    await act(startRun, {});
    const [started] = await firstValueFrom(client.events(topic, { since: 'oldest' }).pipe(take(1), toArray()));
    const notificationId = started!.type === 'notified' ? started!.notification.id : '';
    await act(dismissNotification, { notificationId });
    const both = await Promise.all(told);

    const expected: NotificationEvent[] = [started!, { type: 'dismissed', notificationId }];
    expect(started).toMatchObject({ type: 'notified', notification: { kind: 'run-started' } });
    expect(both).toEqual([expected, expected]);
  });

  it('hides the notifications of a player from others', async () => {
    const bob = arena.client(await arena.session('Bob'), transport);
    const anonymous = arena.client(undefined, transport);
    const topic = notifications.with({ playerId: ann.playerId });

    for (const one of [bob, anonymous]) {
      await expect(firstValueFrom(one.events(topic))).rejects.toMatchObject({ code: 'forbidden' });
    }
  });

  it('hides the state of the servers from everybody, and an inbox from all but its player', async () => {
    await act(startRun, {});
    const bob = arena.client(await arena.session('Bob'), transport);
    const own = inbox.with({ playerId: ann.playerId });

    expect(await firstValueFrom(client.state(own))).toMatchObject([{ kind: 'run-started' }]);
    await expect(firstValueFrom(bob.state(own))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(firstValueFrom(client.state(gameIndex.with()))).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('rejects actions of others in a run', async () => {
    const { runId } = await act(startRun, {});
    const { battleId } = await act(chooseRoom, { runId, roomId: 'room-1-1' });
    const bob = arena.client(await arena.session('Bob'), transport);
    const anonymous = arena.client(undefined, transport);

    await expect(firstValueFrom(bob.act(pauseBattle, { battleId: battleId! }))).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(firstValueFrom(bob.act(pickReward, { runId }))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(firstValueFrom(anonymous.act(startRun, {}))).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(firstValueFrom(anonymous.act(pauseBattle, { battleId: battleId! }))).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  it("rejects an action in another player's run that also names an own battle", async () => {
    const { runId } = await act(startRun, {});
    const bob = arena.client(await arena.session('Bob'), transport);
    const own = await firstValueFrom(bob.act(startRun, {}));
    const { battleId } = await firstValueFrom(bob.act(chooseRoom, { runId: own.runId, roomId: 'room-1-1' }));
    const both = { runId, roomId: 'room-1-1', battleId: battleId! };

    await expect(firstValueFrom(bob.act(chooseRoom, both))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(firstValueFrom(bob.act(pauseBattle, both))).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('rejects invalid data and names the field', async () => {
    const wrong: Observable<unknown>[] = [
      client.act(setBattleSpeed, { battleId: 'b', speed: 3 as 4 }),
      client.act(pauseBattle, { battleId: 7 as unknown as string }),
      client.act(chooseRoom, { runId: 'r' } as { runId: string; roomId: string }),
    ];
    const errors = await Promise.all(
      wrong.map((answer) => firstValueFrom(answer).catch((error: unknown) => error as RealtimeClientError)),
    );

    expect(errors).toEqual(Array(3).fill(expect.objectContaining({ code: 'validation_failed' })));
    expect(errors.map((error) => JSON.stringify((error as RealtimeClientError).details))).toEqual([
      expect.stringContaining('speed'),
      expect.stringContaining('battleId'),
      expect.stringContaining('roomId'),
    ]);
  });

  it('rejects what the rules forbid, with the reason', async () => {
    const { runId } = await act(startRun, {});

    await expect(act(chooseRoom, { runId, roomId: 'room-6-1' })).rejects.toMatchObject({
      code: 'action_failed',
      message: 'This room cannot be reached from here.',
    });
    await expect(act(pauseBattle, { battleId: 'nowhere' })).rejects.toMatchObject({ code: 'action_failed' });
  });
});
