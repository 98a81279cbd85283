import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  battle,
  dismissNotification,
  lobby,
  notifications,
  startRun,
  type BattleSnapshot,
  type NotificationEvent,
  type Session,
} from '@statewire/arena';
import type { ConnectionStatus, EventDelivery, RealtimeClient, TopicState } from '@statewire/client';
import { filter, firstValueFrom, map } from 'rxjs';

import { Arena, authorization } from './support/arena.js';

describe('A client of a server with simulated faults', () => {
  let arena: Arena;
  let ann: Session;
  let client: RealtimeClient;

  beforeEach(async () => {
    arena = await Arena.start({ env: { ARENA_CHAOS: 'true' } });
    ann = await arena.session();
    client = arena.client(ann);
  });

  afterEach(() => arena.stop());

  const reached = (state: ConnectionStatus['state']) =>
    firstValueFrom(client.status$.pipe(filter((status) => status.state === state)));

  /** Follows a battle and the notifications, and keeps all that was shown. */
  async function follow() {
    const battleId = await firstValueFrom(
      client.state(lobby.with()).pipe(
        map(({ battles }) => battles.find(({ status }) => status === 'running')?.battleId),
        filter((id) => id !== undefined),
      ),
    );
    const shown: TopicState<BattleSnapshot>[] = [];
    const delivered: EventDelivery<NotificationEvent>[] = [];
    client.topic(battle.with({ battleId })).subscribe((state) => shown.push(state));
    client
      .deliveries(notifications.with({ playerId: ann.playerId }), { since: 'oldest' })
      .subscribe((delivery) => delivered.push(delivery));
    const moves = async () => {
      const tick = shown.at(-1)?.value?.tick ?? 0;
      await firstValueFrom(client.state(battle.with({ battleId })).pipe(filter((value) => value.tick > tick + 2)));
    };
    const offsets = () => shown.flatMap(({ position }) => (position ? [position.offset] : []));
    return { battleId, delivered, moves, offsets };
  }

  it('moves to polling and back with the switch, without a gap or a repeat', async () => {
    const { battleId, delivered, moves, offsets } = await follow();
    await reached('live');
    await moves();
    await arena.post('/api/chaos/websocket', { enabled: false });
    await reached('polling');
    await firstValueFrom(client.act(startRun, {}));
    await moves();
    await arena.post('/api/chaos/websocket', { enabled: true });
    await reached('live');
    await moves();
    const [first] = (await arena.state(ann)).notifications;
    await firstValueFrom(client.act(dismissNotification, { notificationId: first!.id }));
    const live = await firstValueFrom(
      client.topic(battle.with({ battleId })).pipe(filter(({ freshness }) => freshness.state === 'live')),
    );

    expect(live.value?.battleId).toBe(battleId);
    expect(offsets()).toEqual([...offsets()].sort((a, b) => a - b));
    expect(delivered.map((delivery) => delivery.type === 'event' && delivery.data.type)).toEqual([
      'notified',
      'dismissed',
    ]);
    expect(delivered.map(({ position }) => position.offset)).toEqual([1, 2]);
  });

  it('catches up after a cut with patches from its position', async () => {
    const { moves, offsets } = await follow();
    await reached('live');
    await moves();
    const { connectionId } = (await reached('live')) as Extract<ConnectionStatus, { state: 'live' }>;
    const snapshots = client.metrics.snapshots;
    arena.cut();
    await firstValueFrom(
      client.status$.pipe(filter((status) => status.state === 'live' && status.connectionId !== connectionId)),
    );
    await moves();

    expect(client.metrics.snapshots).toBe(snapshots);
    expect(offsets()).toEqual([...offsets()].sort((a, b) => a - b));
  });

  it('gets a token of the same player that expires in seconds', async () => {
    const response = await arena.post('/api/chaos/token', {}, authorization(ann));
    const short = (await response.json()) as Session;

    expect(response.status).toBe(200);
    expect(short.playerId).toBe(ann.playerId);
    expect(short.expiresAt - Date.now()).toBeLessThanOrEqual(4_000);
    expect((await arena.post('/api/chaos/token', {})).status).toBe(401);
  });

  it('learns that faults are available, and a switch without a state is rejected', async () => {
    expect(await (await arena.get('/api/chaos')).json()).toEqual({ websocket: true });
    expect((await arena.post('/api/chaos/websocket', { enabled: 'no' })).status).toBe(400);
  });

  it('cannot cause faults when chaos is off', async () => {
    const calm = await Arena.start();
    const statuses = [
      (await calm.get('/api/chaos')).status,
      (await calm.post('/api/chaos/websocket', { enabled: false })).status,
      (await calm.post('/api/chaos/token', {}, authorization(await calm.session()))).status,
    ];
    await calm.stop();

    expect(statuses).toEqual([404, 404, 404]);
  });
});
