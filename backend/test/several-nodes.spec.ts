import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chooseRoom,
  lobby,
  notifications,
  pickReward,
  run,
  setBattleSpeed,
  startRun,
  type NotificationEvent,
  type RunProgress,
  type RunSnapshot,
} from '@statewire/arena';
import type { ActionRequest } from '@statewire/protocol';
import { PostgresServer, postgresSkipReason, RedisServer, skipReason } from '@statewire/verification/servers';
import { filter, firstValueFrom } from 'rxjs';

import { Arena } from './support/arena.js';

const SERVERS = [
  { name: 'Redis', start: () => RedisServer.start(), missing: skipReason },
  { name: 'PostgreSQL', start: () => PostgresServer.start(), missing: postgresSkipReason },
];
const installed = SERVERS.filter(({ missing }) => missing === undefined);
const describeOnServers = installed.length === 0 ? describe.skip.each(SERVERS) : describe.each(installed);

/** Grows with each step of a run. */
function progressOf({ phase, rooms }: RunSnapshot): number {
  if (phase === 'finished') return Infinity;
  const steps = { 'in-battle': 0, reward: 1, shop: 1, rest: 1, choosing: 2 };
  return rooms.filter(({ visited }) => visited).length * 3 + steps[phase];
}

describeOnServers('Three nodes of the Arena on $name', ({ start }) => {
  let server: RedisServer | PostgresServer;
  let nodes: Arena[];

  beforeEach(async () => {
    server = await start();
    nodes = [];
    for (let index = 0; index < 3; index += 1) {
      const env = { ARENA_BROKER: server.url, ARENA_HEALTH_FACTOR: '1' };
      // The party wins each battle.
      nodes.push(await Arena.start({ env, game: { turn: 10, partyHealthFactor: 1_000 } }));
    }
  });

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await server.dispose();
  });

  it('R26: lead a player whose requests alternate between them through a whole run', async () => {
    const [first, second, third] = nodes as [Arena, Arena, Arena];
    const session = await first.session('Ann');
    const socket = first.client(session, 'websocket');
    const poll = second.client(session, 'polling');
    const events: NotificationEvent[] = [];
    const topic = notifications.with({ playerId: session.playerId });
    poll.events(topic, { since: 'oldest' }).subscribe((event) => events.push(event));
    let actions = 0;
    const act = async <Result>(name: string, data: object): Promise<Result> => {
      const request = { clientId: 'a-client-id-of-this-test-0123', id: String((actions += 1)), name, data };
      const answers = await Promise.all([third, second].map((node) => node.act(session, request as ActionRequest)));
      // The same action at two nodes runs once.
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[0]).toMatchObject({ status: 200 });
      return (answers[0]!.body as { data: Result }).data;
    };

    const { runId } = await act<RunProgress>(startRun.name, {});
    const seen = [socket, poll].map((client) => client.state(run.with({ runId })));
    for (const values of seen) values.subscribe();
    let reached = 0;
    for (;;) {
      const isNew = (value: RunSnapshot) => value.phase !== 'in-battle' && progressOf(value) >= reached;
      const now = await firstValueFrom(seen[actions % 2]!.pipe(filter(isNew)));
      if (now.phase === 'finished') break;
      if (now.phase === 'choosing') {
        const { battleId } = await act<RunProgress>(chooseRoom.name, { runId, roomId: now.choices[0] });
        if (battleId !== null) await act(setBattleSpeed.name, { battleId, speed: 4 });
      } else {
        await act(pickReward.name, { runId });
      }
      reached = progressOf(now) + 1;
    }
    const states = await Promise.all(nodes.map((node) => node.state(session)));
    const kinds = states.map((state) => state.notifications.map(({ kind }) => kind));
    await firstValueFrom(
      poll
        .state(lobby.with())
        .pipe(filter(({ runs }) => runs.some((one) => one.runId === runId && one.outcome === 'won'))),
    );

    expect(kinds[0]!.at(-1)).toBe('run-won');
    expect(kinds[1]).toEqual(kinds[0]);
    expect(kinds[2]).toEqual(kinds[0]);
    expect(events.map((event) => (event.type === 'notified' ? event.notification.kind : event.type))).toEqual(kinds[0]);
    expect(states[0]!.runs[runId]).toMatchObject({ outcome: 'won' });
  });
});
