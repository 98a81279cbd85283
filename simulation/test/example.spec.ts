import { afterEach, expect, test } from '@jest/globals';
import { OnTopic, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { simulate, type Simulation } from '@statewire/nest/testing';
import { stateTopic } from '@statewire/protocol';

const battle = stateTopic<{ round: number }>()('battles/:battleId');

@RealtimeHandlers()
class BattleHandlers {
  @OnTopic(battle)
  load() {
    return { round: 1 };
  }
}

const app = { imports: [RealtimeModule.forRoot()], providers: [BattleHandlers] };

let simulation: Simulation | undefined;
afterEach(() => simulation?.close());

test('my battle page survives a restart of the server', async () => {
  simulation = await simulate(app);
  const client = simulation.connect();
  const page = client.watch(battle.with({ battleId: '1' }));
  await page.live();

  await simulation.server.restart();
  await page.live();
  expect(page.value).toEqual({ round: 1 });

  client.network.blackhole();
  await simulation.clock.advance(60_000);
  expect(page.state?.freshness.state).toBe('stale');

  client.network.heal();
  await client.live();
  await page.live();
});
