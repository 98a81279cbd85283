import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  battle,
  chooseRoom,
  dismissNotification,
  lobby,
  notifications,
  run,
  startRun,
  type ArenaState,
  type BattleSnapshot,
  type Lobby,
  type Notification,
  type Session,
} from '@statewire/arena';
import type { ConnectionStatus, LiveStatus, RealtimeClient } from '@statewire/client';
import { until } from '@statewire/verification/faults';
import { filter, firstValueFrom, scan } from 'rxjs';

import { Arena, type Transport } from './support/arena.js';

describe('GET /api/state', () => {
  let arena: Arena;
  let ann: Session;

  beforeEach(async () => {
    arena = await Arena.start({ env: { ARENA_CHAOS: 'true' }, game: { turn: 20 } });
    ann = await arena.session();
  });

  afterEach(() => arena.stop());

  const reached = (client: RealtimeClient, state: ConnectionStatus['state']) =>
    firstValueFrom(client.status$.pipe(filter((status) => status.state === state)));

  /** The same picture, from the topics as a client follows them. */
  async function followed(client: RealtimeClient, expected: ArenaState): Promise<ArenaState> {
    const list = await firstValueFrom(client.state(lobby.with()));
    const runs = list.runs.map(
      async ({ runId }) => [runId, await firstValueFrom(client.state(run.with({ runId })))] as const,
    );
    const battles = list.battles.map(
      async ({ battleId }) => [battleId, await firstValueFrom(client.state(battle.with({ battleId })))] as const,
    );
    const news = client.events(notifications.with({ playerId: ann.playerId }), { since: 'oldest' }).pipe(
      scan((left: readonly Notification[], event) => {
        return event.type === 'notified'
          ? [...left, event.notification]
          : left.filter(({ id }) => id !== event.notificationId);
      }, []),
    );
    const told = new Promise<readonly Notification[]>((resolve) => {
      news.subscribe((left) => {
        if (JSON.stringify(left) === JSON.stringify(expected.notifications)) resolve(left);
      });
    });
    return {
      lobby: list,
      runs: Object.fromEntries(await Promise.all(runs)),
      battles: Object.fromEntries(await Promise.all(battles)),
      notifications: await told,
    };
  }

  it.each<Transport>(['websocket', 'polling'])('equals the values of the live topics for %s', async (transport) => {
    const client = arena.client(ann, transport);
    const { runId } = await firstValueFrom(client.act(startRun, {}));
    await firstValueFrom(client.act(chooseRoom, { runId, roomId: 'room-1-1' }));
    const { notifications: told } = await arena.state(ann);
    await firstValueFrom(client.act(dismissNotification, { notificationId: told[0]!.id }));
    await firstValueFrom(client.act(startRun, {}));
    const isListed = ({ battles, runs }: Lobby): boolean =>
      battles.length >= 2 && runs.filter(({ player }) => player.name === 'Ann').length === 2;
    await firstValueFrom(arena.client().state(lobby.with()).pipe(filter(isListed)));
    arena.rest();
    const state = await arena.state(ann);

    expect(state.notifications.length).toBeGreaterThan(0);
    expect(Object.keys(state.battles)).toEqual(state.lobby.battles.map(({ battleId }) => battleId));
    expect(Object.keys(state.runs)).toEqual(state.lobby.runs.map(({ runId: id }) => id));
    expect(await followed(client, state)).toEqual(state);
  });

  it('equals the values of a client that followed everything through a cut and over both transports', async () => {
    const client = arena.client(ann);
    const shown: { battles: Record<string, BattleSnapshot>; lobby?: Lobby } = { battles: {} };
    client.state(lobby.with()).subscribe((list) => (shown.lobby = list));
    const { battles } = await firstValueFrom(
      client.state(lobby.with()).pipe(filter((list) => list.battles.length >= 2)),
    );
    for (const { battleId } of battles) {
      client.state(battle.with({ battleId })).subscribe({
        next: (snapshot) => (shown.battles[battleId] = snapshot),
        error: () => delete shown.battles[battleId],
      });
    }
    const { connectionId } = (await reached(client, 'live')) as LiveStatus;
    arena.cut();
    await firstValueFrom(
      client.status$.pipe(filter((status) => status.state === 'live' && status.connectionId !== connectionId)),
    );
    await arena.post('/api/chaos/websocket', { enabled: false });
    await reached(client, 'polling');
    await arena.post('/api/chaos/websocket', { enabled: true });
    await reached(client, 'live');
    arena.rest();
    const state = await arena.state();
    const expected = battles.flatMap(({ battleId }) => state.battles[battleId] ?? []);
    const seen = (): string => JSON.stringify([shown.lobby, Object.values(shown.battles)]);
    await until(() => seen() === JSON.stringify([state.lobby, expected]), seen);

    expect(expected.length).toBeGreaterThanOrEqual(2);
    expect({ lobby: shown.lobby, battles: Object.values(shown.battles) }).toEqual({
      lobby: state.lobby,
      battles: expected,
    });
  });

  it('needs a token for notifications, and rejects an invalid one', async () => {
    await firstValueFrom(arena.client(ann).act(startRun, {}));
    const forged = await arena.get('/api/state', { Authorization: 'Bearer forged' });

    expect((await arena.state()).notifications).toEqual([]);
    expect((await arena.state(ann)).notifications).toHaveLength(1);
    expect(forged.status).toBe(401);
  });
});
