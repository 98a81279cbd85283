import { action, eventTopic, stateTopic } from '@statewire/protocol';
import { FakeServer, VirtualEnvironment, type FakeServerOptions } from '@statewire/testing';

import {
  createRealtimeClient,
  type ConnectionStatus,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '../../src/index.js';

export interface Battle {
  tick: number;
  heroes: { name: string; hp: number }[];
}

export const battles = stateTopic<Battle>()('battles/:battleId');
export const battle = battles.with({ battleId: '1' });
export const other = battles.with({ battleId: '2' });
export const notices = eventTopic<string>()('players/:playerId/notices').with({ playerId: 'ann' });
export const pause = action<{ battleId: string }, { paused: boolean }>('battles/pause');

export function battleAt(tick: number): Battle {
  return {
    tick,
    heroes: [
      { name: 'Ann', hp: 100 - tick },
      { name: 'Bob', hp: 80 },
      { name: 'Cid with a long name', hp: 60 },
    ],
  };
}

/** A fake server, a virtual clock and one client between them. */
export interface Setup {
  readonly environment: VirtualEnvironment;
  readonly server: FakeServer;
  readonly client: RealtimeClient;
  /** Every status so far. */
  readonly statuses: ConnectionStatus[];
  /** Every state so far, repetitions left out. */
  readonly states: () => string[];
}

export function setUp(
  options: Partial<RealtimeClientOptions> = {},
  { seed = 7, ...server }: FakeServerOptions & { readonly seed?: number } = {},
): Setup {
  const environment = new VirtualEnvironment({ seed });
  const fake = new FakeServer(environment, { latency: 10, ...server });
  const client = createRealtimeClient({
    origin: 'http://fake',
    ...options,
    environment: { ...environment, ...options.environment },
  });
  const statuses: ConnectionStatus[] = [];
  client.status$.subscribe((status) => statuses.push(status));
  return {
    environment,
    server: fake,
    client,
    statuses,
    states: () => statuses.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]),
  };
}

/** Publishes a battle every 100 ms until it is stopped. */
export function fight(environment: VirtualEnvironment, server: FakeServer): { stop: () => void; tick: () => number } {
  let tick = 0;
  let stopped = false;
  const next = () => {
    if (stopped) return;
    tick += 1;
    server.publish(battle, battleAt(tick));
    environment.setTimer(next, 100);
  };
  next();
  return { stop: () => (stopped = true), tick: () => tick };
}
