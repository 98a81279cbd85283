import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DrainState, RealtimeConnections, RealtimeLeases, RealtimeSwitch, type HeldTopicLease } from '@statewire/nest';
import { RealtimeLog, resolveOptions, Revocations, TopicRegistry, type ConnectionHub } from '@statewire/nest/internal';
import { stateTopic } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';
import { DistantBroker } from '@statewire/testing-nest';

const battle = stateTopic<{ tick: number }>()('battles/:battleId').with({ battleId: '42' });

/** Milliseconds between two ticks. */
const TICK = 100;

let environment: VirtualEnvironment;
let cluster: DistantBroker;

beforeEach(() => {
  environment = new VirtualEnvironment();
  cluster = new DistantBroker({ environment: environment.fork(), latency: 2 });
});

afterEach(() => cluster.dispose());

/** A node with the parts of the server that talk to other nodes. */
async function start() {
  const process = environment.fork();
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, process);
  const options = resolveOptions({ environment: process, history: { count: 100 } }, process, false);
  const broker = cluster.connect({ environment: process, history: options.history, actionWindowMs: 120_000, log });
  const topics = new TopicRegistry({ ...options, broker, loader: { load: () => ({ type: 'nothing' }) }, log });
  const drain = new DrainState(log);
  const leases = new RealtimeLeases(broker, topics, drain, process, log);
  const realtimeSwitch = new RealtimeSwitch(broker, options, log);
  const revocations = new Revocations(process, 10_000);
  const hub = { all: () => [] } as Pick<ConnectionHub, 'all'> as ConnectionHub;
  const connections = new RealtimeConnections(hub, revocations, broker, process, log);
  await during(Promise.all([realtimeSwitch.onModuleInit(), connections.onModuleInit()]));
  const deploy = async (): Promise<void> => {
    drain.begin();
    drain.end();
    await leases.beforeApplicationShutdown();
    await broker.dispose();
  };
  return { broker, connections, deploy, leases, lines, process, realtimeSwitch, revocations, topics };
}

type Node = Awaited<ReturnType<typeof start>>;

async function during<T>(work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  work.then(settle, settle);
  await environment.until(() => isSettled, 60_000);
  return work;
}

/** Ticks the battle on this node while it holds the lease. Notes who ticks when. */
function fight({ leases, process }: Node, name: string, notes: { name: string; at: number; tick: number }[]): void {
  const work = async ({ publish, signal, value }: HeldTopicLease<{ tick: number }>): Promise<void> => {
    for (let tick = (value?.tick ?? 0) + 1; !signal.aborted; tick += 1) {
      await publish({ tick });
      notes.push({ name, at: environment.monotonic(), tick });
      await new Promise<void>((resolve) => process.setTimer(resolve, TICK));
    }
  };
  void leases.hold(battle, work);
}

describe('a battle that several nodes may tick', () => {
  async function fighting() {
    const [here, there, watcher] = [await start(), await start(), await start()];
    const notes: { name: string; at: number; tick: number }[] = [];
    const seen: number[] = [];
    watcher.topics.stream(battle).subscribe(({ value }) => seen.push((value as { tick: number }).tick));
    fight(here, 'here', notes);
    await environment.advance(50);
    fight(there, 'there', notes);
    await environment.advance(2_000);
    expect(notes.length).toBeGreaterThan(15);
    expect(new Set(notes.map(({ name }) => name))).toEqual(new Set(['here']));
    /** Milliseconds without a tick until the other node went on. */
    const gap = (): number => {
      const first = notes.findIndex(({ name }) => name === 'there');
      return notes[first]!.at - notes[first - 1]!.at;
    };
    return { gap, here, notes, seen, there, watcher };
  }

  function expectForward(seen: readonly number[]): void {
    expect(seen.length).toBeGreaterThan(20);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  }

  test('R26: is ticked by another node within two ticks of a deploy', async () => {
    const { gap, here, seen } = await fighting();
    await during(here.deploy());
    await environment.advance(2_000);
    expect(gap()).toBeLessThanOrEqual(2 * TICK);
    expectForward(seen);
  });

  test('R26: is ticked by another node within 8 s of a crash', async () => {
    const { gap, here, seen } = await fighting();
    cluster.crash(here.broker);
    here.process.kill();
    await environment.advance(10_000);
    expect(gap()).toBeLessThanOrEqual(8_000);
    expectForward(seen);
  });

  test.each(['process', 'link'] as const)('R26: never goes back after the %s of its node was frozen', async (what) => {
    const { gap, here, notes, seen } = await fighting();
    if (what === 'process') here.process.suspend(30_000);
    here.broker.link.freeze(30_000);
    await environment.advance(29_000);
    const { length } = notes;
    await environment.advance(11_000);
    expect(gap()).toBeLessThanOrEqual(8_000);
    expect(new Set(notes.slice(length).map(({ name }) => name))).toEqual(new Set(['there']));
    expectForward(seen);
  });
});

describe('a node that was cut off from the broker', () => {
  test.each([10, 360])('for %d s takes over the switch', async (seconds) => {
    const [here, there] = [await start(), await start()];
    there.broker.link.freeze(seconds * 1_000);
    await during(here.realtimeSwitch.set(false));
    await environment.advance(seconds * 1_000 - 1_000);
    expect(there.realtimeSwitch.enabled).toBe(true);
    await environment.advance(4_000);
    expect(there.realtimeSwitch.enabled).toBe(false);
    expect((await start()).realtimeSwitch.enabled).toBe(false);
  });

  test('for 10 s acts on each revocation that it missed', async () => {
    const [here, there] = [await start(), await start()];
    await during(here.connections.revoke({ user: 'old' }));
    const mark = there.revocations.mark;
    there.broker.link.freeze(10_000);
    await during(here.connections.revoke({ user: 'alice' }));
    await environment.advance(13_000);
    expect(() => there.revocations.check('alice', mark)).toThrow('revoked');
    expect(() => there.revocations.check('bob', mark)).not.toThrow();
    expect(there.lines.join()).not.toContain('revocations-missed');
  });

  test('for 6 minutes asks all its users for their credentials', async () => {
    const [here, there] = [await start(), await start()];
    const mark = there.revocations.mark;
    there.broker.link.freeze(360_000);
    await during(here.connections.revoke({ user: 'alice' }));
    await environment.advance(364_000);
    expect(there.lines.join()).toContain('revocations-missed');
    await environment.advance(10_000);
    expect(() => there.revocations.check('bob', mark)).toThrow('revoked');
  });

  test('rejects a revocation and the switch of its own', async () => {
    const node = await start();
    node.broker.link.unreachable();
    await environment.advance(1_000);
    const answers = [node.connections.revoke({ user: 'alice' }), node.realtimeSwitch.set(false)];
    const errors = Promise.all(answers.map((answer) => answer.catch((error: unknown) => error)));
    await environment.advance(5_000);
    expect(await errors).toMatchObject([{ code: 'unavailable' }, { code: 'unavailable' }]);
    expect(node.realtimeSwitch.enabled).toBe(true);
  });
});
