import { afterEach, describe, expect, test } from '@jest/globals';
import { action, eventTopic } from '@statewire/protocol';
import { lastValueFrom } from 'rxjs';

import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeMetrics,
  RealtimeModule,
  type MetricsSnapshot,
} from '@statewire/nest';
import { simulate, type EventWatch, type SimulatedClient, type Simulation } from '../src/index.js';

const moves = eventTopic<number>()('moves');
const move = action<{ n: number }, number>('move');

const MOVES = Array.from({ length: 100 }, (_, n) => n);
/** The default limits of the server: 20 frames per second in bursts of 40. */
const RATE = 20;
const BURST = 40;

@RealtimeHandlers()
class Moves {
  static ran: number[] = [];

  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(moves)
  moves(): void {}

  @OnAction(move)
  async move(@ActionData() { n }: { n: number }): Promise<number> {
    Moves.ran.push(n);
    await this.bus.publish(moves.with(), n);
    return n * 2;
  }
}

let simulation: Simulation;

afterEach(() => simulation.close());

async function goOffline(): Promise<{ client: SimulatedClient; heard: EventWatch<number> }> {
  Moves.ran = [];
  simulation = await simulate({ imports: [RealtimeModule.forRoot()], providers: [Moves] });
  const client = simulation.connect();
  const heard = client.listen(moves.with());
  await client.live();
  await simulation.clock.advance(1_000);
  client.network.upgrades('reject');
  client.network.http('unreachable');
  client.network.cut();
  return { client, heard };
}

const counters = (): MetricsSnapshot['counters'] => simulation.server.app.get(RealtimeMetrics).snapshot().counters;

describe('100 actions of an offline client', () => {
  test.each(['the WebSocket', 'polling'])(
    'run once each and in order over %s, at the rate of the server',
    async (way) => {
      const { client, heard } = await goOffline();
      const answers = Promise.all(MOVES.map((n) => lastValueFrom(client.realtime.act(move, { n }))));
      await simulation.clock.advance(5_000);
      expect(Moves.ran).toEqual([]);
      if (way === 'the WebSocket') client.network.restore();
      else client.network.http('pass');
      const began = simulation.clock.monotonic();
      expect(await simulation.outcome(answers)).toEqual(MOVES.map((n) => n * 2));
      const took = simulation.clock.monotonic() - began;
      expect(Moves.ran).toEqual(MOVES);
      await simulation.until(() => heard.events.length >= 100, 'all events to arrive');
      expect(heard.events).toEqual(MOVES);
      expect(counters().errorsSent).toEqual({});
      expect(counters().actions.run).toBe(100);
      expect(took).toBeGreaterThan(((100 - BURST) / RATE) * 1_000);
    },
  );

  test('run once each and in order even if the connection breaks several times meanwhile', async () => {
    const { client, heard } = await goOffline();
    const answers = Promise.all(MOVES.map((n) => lastValueFrom(client.realtime.act(move, { n }))));
    client.network.restore();
    for (const part of [10, 30, 50, 70, 90]) {
      while (Moves.ran.length < part) await simulation.clock.advance(10);
      client.network.cut();
    }
    expect(await simulation.outcome(answers)).toEqual(MOVES.map((n) => n * 2));
    expect(Moves.ran).toEqual(MOVES);
    await simulation.until(() => heard.events.length >= 100, 'all events to arrive');
    expect(heard.events).toEqual(MOVES);
    expect(counters().actions.run).toBe(100);
  });
});
