import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stateTopic } from '@statewire/protocol';

import { OnTopic, RealtimeError, RealtimeHandlers, RealtimeModule, type RealtimeModuleOptions } from '@statewire/nest';
import {
  simulate,
  type SimulatedClient,
  type SimulatedClientOptions,
  type Simulation,
  type StateWatch,
} from '../src/index.js';

const battle = stateTopic<{ round: number }>()('battles/:battleId');

const saved = { round: 1 };
let fails = false;

@RealtimeHandlers()
class Battles {
  @OnTopic(battle)
  load(): { round: number } {
    if (fails) throw new Error('The second process cannot serve it.');
    return { round: saved.round };
  }
}

let simulation: Simulation;
let client: SimulatedClient;
let page: StateWatch<{ round: number }>;

async function open(seed: number, options?: SimulatedClientOptions, more?: RealtimeModuleOptions): Promise<void> {
  simulation = await simulate({ imports: [RealtimeModule.forRoot(more)], providers: [Battles], seed });
  client = simulation.connect(options);
  page = client.watch(battle.with({ battleId: '1' }));
  await page.live();
  expect(page.value).toEqual({ round: 1 });
  saved.round = 2;
}

beforeEach(() => {
  saved.round = 1;
  fails = false;
});

afterEach(() => simulation.close());

describe.each([
  ['over a WebSocket', {}],
  ['that polls', { webSocket: { enabled: false } }],
])('live() of a page %s', (_, options) => {
  test.each([1, 2, 3, 4, 5, 6])('returns after a restart with the values of the new server (seed %i)', async (seed) => {
    await open(seed, options);
    await simulation.server.restart();
    await page.live();
    expect(page.value).toEqual({ round: 2 });
  });

  test('returns after a crash and a start with the values of the new server', async () => {
    await open(1, options);
    simulation.server.crash();
    await simulation.server.start();
    await page.live();
    expect(page.value).toEqual({ round: 2 });
  });

  test('fails with a reason if the server does not return', async () => {
    await open(1, options);
    simulation.server.crash();
    await expect(page.live()).rejects.toThrow(/Waited 60000 ms .*battles\/1 to be live.*server down, client 1 offline/);
    expect(page.state?.freshness.state).toBe('stale');
    await simulation.server.start();
  });

  test('fails with the actual state if the server no longer loads the topic', async () => {
    await open(1, options);
    fails = true;
    await simulation.server.restart();
    await expect(page.live()).rejects.toThrow(
      /battles\/1 to be live; it is .*"state":"stale".*its client is (live|polling)/,
    );
    expect(page.value).toEqual({ round: 1 });
  });

  test('ignores a connection that the network holds back, and waits for a new one', async () => {
    await open(1, options);
    client.network.blackhole('open');
    await simulation.server.restart();
    await page.live();
    expect(page.value).toEqual({ round: 2 });
  });
});

describe('live() of a client', () => {
  let issued: number;
  let isValid: (token: string) => boolean;
  const authenticate: RealtimeModuleOptions['authenticate'] = (_request, token) => {
    if (!isValid(token)) throw new RealtimeError('unauthorized', 'The token is not known.');
    return { id: 'ann', user: 'ann' };
  };

  beforeEach(() => {
    issued = 0;
    isValid = () => true;
  });

  test('waits for the next token after the current one expires', async () => {
    await open(1, { token: () => `t${(issued += 1)}` }, { authenticate });
    const connection = (): unknown => client.status.state === 'live' && client.status.connectionId;
    const before = connection();
    client.expireToken();
    await client.live();
    await page.live();
    expect(issued).toBe(2);
    expect(connection()).not.toBe(before);
  });

  test('fails at once with the reason if the client is denied', async () => {
    await open(1, { token: () => `t${(issued += 1)}` }, { authenticate });
    isValid = () => false;
    client.expireToken();
    const began = simulation.clock.monotonic();
    await expect(page.live()).rejects.toThrow(/battles\/1 to be live is useless.*denied: unauthorized/);
    await expect(client.live()).rejects.toThrow(/to be live is useless.*denied: unauthorized/);
    expect(simulation.clock.monotonic() - began).toBeLessThan(10_000);
  });

  test('fails at once if the client is closed', async () => {
    await open(1);
    client.close();
    const began = simulation.clock.monotonic();
    await expect(client.live()).rejects.toThrow(/the client is closed\. Create another client/);
    await expect(page.live()).rejects.toThrow(/the client is closed\. Create another client/);
    expect(simulation.clock.monotonic()).toBe(began);
  });

  test('expireToken() fails if the application has no authenticator', async () => {
    await open(1, { token: 'for nobody' });
    expect(() => client.expireToken()).toThrow(/no `authenticate`/);
  });
});
