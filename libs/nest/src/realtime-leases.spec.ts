import { describe, expect, test } from '@jest/globals';
import { stateTopic } from '@statewire/protocol';

import { setUp, type TestNode } from '../test/support/topics-set-up.js';
import type { Broker } from './core/broker.js';
import { DrainState } from './core/drain-state.js';
import { RealtimeLog } from './core/realtime-log.js';
import { RealtimeLeases, type HeldTopicLease } from './realtime-leases.js';

const battle = stateTopic<{ tick: number }>()('battles/:battleId').with({ battleId: '42' });

/** A node of a cluster. Its lease can expire in the broker, with or without its knowledge. */
function node(shared?: TestNode) {
  const held: { readonly token: number; readonly expire: () => void; readonly notice: () => void }[] = [];
  const wrap = (broker: Broker): Broker =>
    new Proxy(broker, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name !== 'lease') return typeof member === 'function' ? member.bind(target) : member;
        return async (...given: Parameters<Broker['lease']>) => {
          const lease = await target.lease(...given);
          if (lease === undefined) return undefined;
          let notice!: () => void;
          const lost = new Promise<void>((resolve) => (notice = resolve));
          held.push({ token: lease.token, expire: () => void lease.release(), notice });
          return { ...lease, lost };
        };
      },
    });
  let broker!: Broker;
  const parts = setUp({ wrap: (memory) => (broker = wrap(memory)) }, shared);
  const { environment, topics } = parts;
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, environment);
  const drain = new DrainState(log);
  const leases = new RealtimeLeases(broker, topics, drain, environment, log);
  const shutDown = (): Promise<void> => {
    drain.begin();
    drain.end();
    return leases.beforeApplicationShutdown();
  };
  return { ...parts, broker, held, leases, lines, shutDown };
}

function cluster() {
  const here = node();
  const there = node(here.node);
  return { here, there, environment: here.environment };
}

/** Publishes a tick every 100 ms until its signal aborts. Notes when it starts and ends. */
function ticking({ environment }: ReturnType<typeof node>, name: string, notes: string[]) {
  return async ({ publish, signal, value }: HeldTopicLease<{ tick: number }>): Promise<void> => {
    let tick = value?.tick ?? 0;
    notes.push(`${name} from ${tick}`);
    while (!signal.aborted) {
      await publish({ tick: (tick += 1) });
      await new Promise<void>((resolve) => {
        const timer = environment.setTimer(resolve, 100);
        signal.addEventListener('abort', () => {
          timer.cancel();
          resolve();
        });
      });
    }
    notes.push(`${name} to ${tick}`);
  };
}

describe('RealtimeLeases', () => {
  test('runs work on one node, and another one goes on at once when the node ends', async () => {
    const { environment, here, there } = cluster();
    const notes: string[] = [];
    for (const [name, each] of Object.entries({ here, there })) {
      void each.leases.hold(battle, ticking(each, name, notes));
    }
    await environment.advance(1_050);
    expect(notes).toEqual(['here from 0']);
    await here.shutDown();
    await environment.settle();
    expect(notes).toEqual(['here from 0', 'here to 11', 'there from 11']);
    await environment.advance(100);
    const { base } = await here.broker.read(battle.name, 'state');
    expect(JSON.parse(base!.data)).toEqual({ tick: 13 });
    await there.shutDown();
    expect(here.broker).toMatchObject({ sizes: { leases: 0 } });
  });

  test('ends work whose node loses the lease, and runs it again when the node gets the lease back', async () => {
    const { environment, here, there } = cluster();
    const notes: string[] = [];
    void here.leases.hold(battle, ticking(here, 'here', notes));
    await environment.settle();
    void there.leases.hold(battle, ticking(there, 'there', notes));
    await environment.settle();
    here.held[0]!.expire();
    here.held[0]!.notice();
    await environment.settle();
    expect(notes).toEqual(['here from 0', 'here to 1', 'there from 1']);
    expect(here.lines).toEqual(['lease-lost lease=topic:battles/42']);
    await there.shutDown();
    await environment.settle();
    expect(notes.slice(3)).toEqual(['there to 2', 'here from 2']);
    await here.shutDown();
  });

  test('refuses the publications of a node that was frozen while another node took the lease', async () => {
    const { environment, here, there } = cluster();
    const notes: string[] = [];
    const published: unknown[] = [];
    void here.leases.hold(battle, async ({ publish, signal, token }) => {
      await publish({ tick: 5 });
      await new Promise<void>((resolve) => environment.setTimer(resolve, 30_000));
      const code: unknown = await publish({ tick: 6 }).catch((error: { code: string }) => error.code);
      published.push(code, signal.aborted, token < there.held[0]!.token);
    });
    await environment.settle();
    void there.leases.hold(battle, ticking(there, 'there', notes));
    here.held[0]!.expire();
    await environment.advance(30_000);
    expect(published).toEqual(['fenced', true, true]);
    expect(notes).toEqual(['there from 5']);
    await Promise.all([here.shutDown(), there.shutDown()]);
  });

  test('refuses publications of the bus to a topic that is leased', async () => {
    const { environment, here, there } = cluster();
    void here.leases.hold(battle, ticking(here, 'here', []));
    await environment.settle();
    for (const { topics } of [here, there]) {
      await expect(topics.publish(battle, { tick: -1 })).rejects.toMatchObject({ code: 'has_source' });
    }
    await here.shutDown();
    await expect(there.topics.publish(battle, { tick: -1 })).resolves.toMatchObject({ offset: 2 });
  });

  test('gives the lease back when the work is done, and is done itself', async () => {
    const { environment, here, there } = cluster();
    const done: string[] = [];
    await here.leases.hold('season', async () => void done.push('here'));
    await there.leases.hold('season', async () => void done.push('there'));
    expect(done).toEqual(['here', 'there']);
    expect(environment.timers).toBe(0);
    expect(here.broker).toMatchObject({ sizes: { leases: 0 } });
  });

  test('logs work that fails, and runs it again after a second', async () => {
    const { environment, here } = cluster();
    let runs = 0;
    const hold = here.leases.hold('season', async () => {
      runs += 1;
      if (runs < 3) throw new Error('of the application');
    });
    await environment.advance(1_999);
    expect([runs, here.lines]).toEqual([
      2,
      ['lease-work-failed lease=app:season', 'lease-work-failed lease=app:season'],
    ]);
    await environment.advance(1);
    await hold;
    expect(runs).toBe(3);
  });

  test('passes requests of every node to the holder', async () => {
    const { environment, here, there } = cluster();
    const stop = new AbortController();
    const hold = here.leases.hold(
      battle,
      async ({ onRequest, signal }) => {
        onRequest((command) => ({ done: command }));
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
      { signal: stop.signal },
    );
    await environment.settle();
    expect(await there.leases.request(battle, 'pause')).toEqual({ done: 'pause' });
    expect(await here.leases.request(battle, 'pause')).toEqual({ done: 'pause' });
    expect(await there.leases.request('other', 'pause')).toBeUndefined();
    stop.abort();
    await hold;
    expect(await there.leases.request(battle, 'pause')).toBeUndefined();
    expect(here.broker).toMatchObject({ sizes: { leases: 0 } });
  });

  test('does not wait for work that ignores its signal when the application ends', async () => {
    const { environment, here } = cluster();
    void here.leases.hold('season', () => new Promise<never>(() => undefined));
    await environment.settle();
    let isOver = false;
    void here.shutDown().then(() => (isOver = true));
    await environment.advance(999);
    expect(isOver).toBe(false);
    await environment.advance(1);
    expect(isOver).toBe(true);
    expect(await here.broker.lease('app:season')).toBeDefined();
  });

  test('stops waiting for a lease when its signal aborts', async () => {
    const { environment, here, there } = cluster();
    void here.leases.hold('season', () => new Promise<never>(() => undefined));
    await environment.settle();
    const stop = new AbortController();
    const hold = there.leases.hold('season', async () => undefined, { signal: stop.signal });
    stop.abort();
    await hold;
    expect(there.held).toEqual([]);
  });

  test('R14: publishes the newest value of its work again if the broker loses it', async () => {
    const { environment, here, there } = cluster();
    const runs: unknown[] = [];
    const work = async ({ publish, value, signal }: HeldTopicLease<{ tick: number }>): Promise<void> => {
      runs.push(value);
      if (value === undefined) await publish({ tick: 5 });
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    };
    const stored = async () => (await here.broker.read(battle.name, 'state')).base?.data;
    const flush = async (): Promise<void> => {
      const { epoch } = await here.broker.read(battle.name, 'state');
      await here.broker.replaceEpoch(battle.name, 'state', epoch);
      await environment.settle();
    };
    void here.leases.hold(battle, work);
    void there.leases.hold(battle, work);
    await environment.settle();
    await flush();
    expect(await stored()).toBe('{"tick":5}');
    await here.shutDown();
    await environment.settle();
    // The next holder has published nothing itself.
    await flush();
    expect(await stored()).toBe('{"tick":5}');
    expect(runs).toEqual([undefined, { tick: 5 }]);
    await there.shutDown();
    await flush();
    expect(await stored()).toBeUndefined();
  });

  test('ends at once if its signal aborts while the broker fails', async () => {
    const { environment, here } = cluster();
    const stop = new AbortController();
    const failing = new RealtimeLeases(
      { ...here.broker, lease: async () => fail() },
      ...([
        here.topics,
        new DrainState({ warn: () => undefined, log: () => undefined } as never),
        environment,
      ] as const),
      { error: () => undefined, warn: () => undefined },
    );
    const fail = (): never => {
      stop.abort();
      throw new Error('of the broker');
    };
    await failing.hold('season', async () => undefined, { signal: stop.signal });
    expect(environment.timers).toBe(0);
  });

  test('leaves no answer to requests behind by work that ignores its signal', async () => {
    const { environment, here } = cluster();
    let late!: () => void;
    void here.leases.hold('season', async ({ onRequest }) => {
      late = () => onRequest(() => 'late');
      await new Promise<never>(() => undefined);
    });
    await environment.settle();
    void here.shutDown();
    await environment.advance(1_000);
    late();
    expect(here.broker).toMatchObject({ sizes: { leases: 0 } });
  });

  test('rejects a request without JSON, and reports an answer without JSON', async () => {
    const { environment, here, there } = cluster();
    void here.leases.hold('season', async ({ onRequest, signal }) => {
      onRequest(() => 1n as unknown as string);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    await environment.settle();
    const request = there.leases.request('season', 1n as unknown as string);
    await expect(request).rejects.toMatchObject({ name: 'PublishError', code: 'not_json' });
    await expect(there.leases.request('season', null)).rejects.toMatchObject({ code: 'no_answer' });
    await here.shutDown();
  });
});
