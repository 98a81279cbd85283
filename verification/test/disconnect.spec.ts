import { afterEach, expect, test } from '@jest/globals';
import { OnTopic, RealtimeConnections, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { stateTopic } from '@statewire/protocol';
import { simulate, type Simulation } from '@statewire/testing-nest';

const battle = stateTopic<{ round: number }>()('battles/:battleId');
const first = battle.with({ battleId: '1' });

@RealtimeHandlers()
class BattleHandlers {
  @OnTopic(battle)
  load(): { round: number } {
    return { round: 1 };
  }
}

let simulation: Simulation;
afterEach(() => simulation.close());

test('a client that the server disconnects shows the reason, and reconnects only on request', async () => {
  simulation = await simulate({ imports: [RealtimeModule.forRoot()], providers: [BattleHandlers] });
  const client = simulation.connect();
  const other = simulation.connect();
  const page = client.watch(first);
  await page.live();
  await other.watch(first).live();
  const { server, clock } = simulation;
  if (client.status.state !== 'live') throw new Error('The client is live.');
  const { connectionId } = client.status;

  expect(server.get(RealtimeConnections).disconnect(connectionId, 'The tournament is over.')).toBe(true);
  await simulation.until(() => client.status.state === 'denied');
  expect(client.status).toMatchObject({ reason: { code: 'forbidden', message: 'The tournament is over.' } });
  expect(page.value).toBeUndefined();

  const requests = simulation.trace.length;
  await clock.advance(10_000);
  expect(simulation.trace.slice(requests)).toEqual([]);
  expect(server.connections.list()).toHaveLength(1);
  expect(other.status.state).toBe('live');

  client.realtime.connect();
  await page.live();
  expect(page.value).toEqual({ round: 1 });
});
