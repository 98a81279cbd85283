import { afterEach, describe, expect, test } from '@jest/globals';
import { ActionData, OnAction, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { MemoryBroker } from '@statewire/nest/internal';
import { action } from '@statewire/protocol';
import { simulate, type SimulatedClient, type Simulation } from '@statewire/testing-nest';
import { lastValueFrom } from 'rxjs';

const double = action<{ n: number }, number>('double');
const CLIENTS = 5;
const ROUNDS = 20;

@RealtimeHandlers()
class Handlers {
  runs = 0;

  @OnAction(double)
  double(@ActionData() { n }: { n: number }): number {
    this.runs += 1;
    whenRun();
    return n * 2;
  }
}

let whenRun = (): void => undefined;

let simulation: Simulation;
afterEach(async () => {
  whenRun = () => undefined;
  await simulation.close();
});

/** Starts a server and connects its clients. `remembered` is the number of actions that the server remembers. */
async function start(transport: string) {
  let broker!: MemoryBroker;
  simulation = await simulate({
    imports: [
      RealtimeModule.forRoot({
        broker: (context) => (broker = new MemoryBroker(context)),
        heartbeat: { intervalMs: 5_000 },
      }),
    ],
    providers: [Handlers],
  });
  const clients: SimulatedClient[] = [];
  for (let n = 0; n < CLIENTS; n += 1) {
    const client = simulation.connect();
    if (transport === 'polling') client.network.upgrades('reject');
    client.realtime.connect();
    clients.push(client);
  }
  await simulation.clock.advance(5_000);
  return { clients, remembered: () => broker.sizes.claims };
}

describe.each(['the WebSocket', 'polling'])('B20: actions over %s', (transport) => {
  test('are remembered until the client has the answer: one for each client that acts', async () => {
    const { clients, remembered } = await start(transport);
    for (let n = 0; n < ROUNDS; n += 1) {
      const answers = Promise.all(clients.map(({ realtime }) => lastValueFrom(realtime.act(double, { n }))));
      expect(await simulation.outcome(answers)).toEqual(clients.map(() => n * 2));
      expect(remembered()).toBe(CLIENTS);
    }
    await simulation.clock.advance(2_500);
    expect(remembered()).toBe(0);
    expect(simulation.server.get(Handlers).runs).toBe(CLIENTS * ROUNDS);
  });

  test('are not run by a new process if the process before it may have run them', async () => {
    const { clients } = await start(transport);
    let runs = 0;
    whenRun = () => {
      runs += 1;
      simulation.server.crash();
    };
    const answer = lastValueFrom(clients[0]!.realtime.act(double, { n: 1 })).catch((error: unknown) => error);
    await simulation.until(() => !simulation.server.isUp, 'the crash');
    whenRun = () => void (runs += 1);
    await simulation.server.start();
    expect(await simulation.outcome(answer)).toMatchObject({ code: 'outcome_unknown' });
    expect(await simulation.outcome(lastValueFrom(clients[0]!.realtime.act(double, { n: 1 })))).toBe(2);
    expect(runs).toBe(2);
  });

  test('run in a new process if their first copy was lost after its start', async () => {
    const { clients } = await start(transport);
    const { network, realtime } = clients[0]!;
    await simulation.server.restart();
    await simulation.clock.advance(10_000);
    network.blackhole();
    const answer = lastValueFrom(realtime.act(double, { n: 1 }));
    await simulation.clock.advance(1_000);
    network.cut();
    network.restore();
    expect(await simulation.outcome(answer)).toBe(2);
    expect(simulation.server.get(Handlers).runs).toBe(1);
  });

  test('of a client that vanishes are remembered for the window', async () => {
    const { clients, remembered } = await start(transport);
    const [gone] = clients;
    await simulation.outcome(lastValueFrom(gone!.realtime.act(double, { n: 1 })));
    gone!.network.blackhole();
    await simulation.clock.advance(115_000);
    expect(remembered()).toBe(1);
    await simulation.clock.advance(20_000);
    expect(remembered()).toBe(0);
  });
});
