import { afterEach, expect, test } from '@jest/globals';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeConnections,
  RealtimeError,
  RealtimeHandlers,
  RealtimeModule,
} from '@statewire/nest';
import { simulate, type Simulation } from '@statewire/testing-nest';
import { action, stateTopic } from '@statewire/protocol';

const round = stateTopic<{ n: number }>()('round');
const advance = action<{ n: number }, null>('advance');

@RealtimeHandlers()
class Handlers {
  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(round)
  load(): { n: number } {
    return { n: 1 };
  }

  @OnAction(advance)
  async advance(@ActionData() { n }: { n: number }): Promise<null> {
    if (n < 0) throw new RealtimeError('too_many_requests', 'Cooling down.', { retryAfter: 1_000 });
    await this.bus.publish(round.with(), { n });
    return null;
  }
}

let simulation: Simulation;
afterEach(() => simulation.close());

async function start() {
  simulation = await simulate({ imports: [RealtimeModule.forRoot()], providers: [Handlers] });
  return simulation.connect();
}

test('a temporary error of a handler is the answer of its action, and delays no other action', async () => {
  const client = await start();
  const rejected = client.act(advance, { n: -1 }).catch(({ code }: { code: string }) => code);
  expect(await rejected).toBe('too_many_requests');
  const asked = simulation.clock.monotonic();
  expect(await client.act(advance, { n: 2 })).toBeNull();
  expect(simulation.clock.monotonic() - asked).toBeLessThan(500);
});

test('a simulated client shows optimistic updates until the values of the server arrive', async () => {
  const client = await start();
  const page = client.watch(round.with());
  await page.live();
  const answer = client.act(advance, { n: 2 }, { optimistic: [round.with(), (value) => ({ ...value, n: 2 })] });
  expect(page.state).toMatchObject({ value: { n: 2 }, confirmed: { n: 1 }, pending: 1 });
  await answer;
  await page.shows(({ n }) => n === 2);
  expect(page.state).toMatchObject({ confirmed: { n: 2 }, pending: 0 });
});

test('a client that the server disconnects shows the reason, and reconnects only on request', async () => {
  const client = await start();
  const other = simulation.connect();
  const page = client.watch(round.with());
  await page.live();
  await other.watch(round.with()).live();
  const { server, clock } = simulation;
  if (client.status.state !== 'live') throw new Error('The client is live.');
  const { connectionId } = client.status;

  expect(server.get(RealtimeConnections).disconnect(connectionId, 'The tournament is over.')).toBe(true);
  await simulation.until(() => client.status.state === 'denied');
  expect(client.status).toMatchObject({ reason: { code: 'forbidden', message: 'The tournament is over.' } });
  expect(page.value).toBeUndefined();

  const requests = simulation.trace.length;
  await clock.advance(10_000);
  // The other client goes on measuring its round trip.
  expect(simulation.trace.slice(requests).filter((line) => !/"type":"p[io]ng"| (up|down) \d+$/.test(line))).toEqual([]);
  expect(server.connections.list()).toHaveLength(1);
  expect(other.status.state).toBe('live');

  client.realtime.connect();
  await page.live();
  expect(page.value).toEqual({ n: 1 });
});
