import { afterEach, expect, test } from '@jest/globals';
import { OnTopic, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { simulate, type Simulation } from '@statewire/testing-nest';
import { stateTopic } from '@statewire/protocol';

const battle = stateTopic<{ round: number }>()('battles/:battleId');

/** The content of a database. It outlives the server. */
const saved = { round: 1 };

@RealtimeHandlers()
class BattleHandlers {
  @OnTopic(battle)
  load() {
    return { round: saved.round };
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
  expect(page.value).toEqual({ round: 1 });

  saved.round = 2; // Not published, so only a new load can show it.
  await simulation.server.restart();
  await page.live();
  expect(page.value).toEqual({ round: 2 });

  client.network.blackhole();
  await simulation.clock.advance(60_000);
  expect(page.state?.freshness.state).toBe('stale');

  client.network.restore();
  await client.live();
  await page.live();
});
