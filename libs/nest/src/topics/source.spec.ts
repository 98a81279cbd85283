import { describe, expect, test } from '@jest/globals';
import { BehaviorSubject, defer, NEVER, Observable, of, Subject, throwError } from 'rxjs';

import { lossy } from '../../test/support/lossy-broker.js';
import { draft } from '../../test/support/publications.js';
import { EVENTS, parse, setUp, STATE, type SetUpOptions, type TestNode } from '../../test/support/topics-set-up.js';
import { ActionContext } from '../core/action-context.js';
import { BrokerError, topicLease, type Broker, type Lease, type NewPublication } from '../core/broker.js';
import type { TopicLoad } from './topic-loader.js';

/** Counts subscriptions. */
function counted(source: Observable<unknown>) {
  const count = { now: 0, source };
  count.source = new Observable((subscriber) => {
    count.now += 1;
    const subscription = source.subscribe(subscriber);
    return () => {
      count.now -= 1;
      subscription.unsubscribe();
    };
  });
  return count;
}

function withSource(source: Observable<unknown>, options: SetUpOptions = {}, shared?: TestNode) {
  return setUp({ load: () => ({ type: 'source', source }), ...options }, shared);
}

describe('a topic with an observable source', () => {
  test('subscribes once, while the topic has readers and for the linger afterwards', async () => {
    const subject = new BehaviorSubject({ hp: 10 });
    const running = counted(subject);
    const { environment, reader, topics } = withSource(running.source);
    expect(running.now).toBe(0);
    const [alice, bob] = [await reader().subscribe(STATE), await reader().subscribe(STATE)];
    expect(running.now).toBe(1);
    subject.next({ hp: 9 });
    environment.tick();
    for (const each of [alice, bob]) expect(each.update().value).toEqual({ hp: 9 });
    alice.subscription!.close();
    bob.subscription!.close();
    await environment.advance(59_999);
    expect(subject.observed).toBe(true);
    await environment.advance(1);
    expect(subject.observed).toBe(false);
    expect(topics.sizes.live).toBe(0);
  });

  test('an action gets the positions of the values that it emits', async () => {
    const subject = new BehaviorSubject(1);
    const { reader, topics } = withSource(subject);
    await reader().subscribe(STATE);
    const { positions } = await new ActionContext().run(() => subject.next(2));
    const { position } = await topics.catchUp(STATE);
    expect(positions).toEqual([{ topic: STATE.name, ...position }]);
    expect(position.offset).toBe(2);
  });

  test('starts a new epoch with its first value, so that a returning reader is not recovered', async () => {
    const subject = new BehaviorSubject(1);
    const { environment, topics } = withSource(subject);
    const { position } = await topics.catchUp(STATE);
    expect(position.offset).toBe(1);
    await environment.advance(60_000);
    const again = await topics.catchUp(STATE, position);
    expect(parse(again.frames)).toMatchObject([{ recovered: false, offset: 1 }, { type: 'snapshot' }]);
    expect(again.position.epoch).not.toBe(position.epoch);
  });

  test('replaces the value of a crashed node with its first value', async () => {
    const { broker, node } = setUp();
    const crashed = await broker.publish(STATE.name, draft('state', 'crashed'));
    const { topics } = withSource(new BehaviorSubject('alive'), {}, node);
    const answer = await topics.catchUp(STATE, crashed);
    expect(parse(answer.frames)).toMatchObject([{ recovered: false }, { data: 'alive' }]);
  });

  test('rejects publications of the bus', async () => {
    const { topics } = withSource(new BehaviorSubject(1));
    await topics.catchUp(STATE);
    await expect(topics.publish(STATE, 2)).rejects.toMatchObject({ name: 'PublishError', code: 'has_source' });
  });

  test('is at offset 0 if the source emits nothing for 2 s', async () => {
    const { environment, topics } = withSource(NEVER);
    const answer = topics.catchUp(STATE);
    await environment.advance(2_000);
    expect(parse((await answer).frames)).toMatchObject([{ type: 'subscribed', offset: 0 }]);
  });

  test('of events does not delay the subscription', async () => {
    const { topics } = withSource(NEVER);
    expect((await topics.catchUp(EVENTS)).position.offset).toBe(0);
  });

  test('keeps its value when the source completes', async () => {
    const { environment, reader } = withSource(of('only'));
    const alice = await reader().subscribe(STATE);
    await environment.advance(100_000);
    expect(alice.update().value).toBe('only');
    expect(alice.ends).toEqual([]);
  });

  test.each([STATE, EVENTS])(
    'R25: of $kind fails on its node, and the next subscriber starts it again',
    async (topic) => {
      const sources = [new Subject<number>(), new BehaviorSubject(2)] as const;
      let loads = 0;
      const load = (): TopicLoad => ({ type: 'source', source: sources[loads++]! });
      const { broker, environment, logged, reader, topics } = setUp({ load });
      const subscribing = reader().subscribe(topic);
      await environment.settle();
      sources[0].next(1);
      const alice = await subscribing;
      sources[0].error(new Error('database gone'));
      await environment.settle();
      expect(alice.ends).toEqual(['failed']);
      expect(logged).toEqual(['source-failed: Error: database gone']);
      expect(topics.sizes.live).toBe(0);
      // Readers on other nodes keep the last value until the source runs again.
      expect(await broker.read(topic.name, topic.kind)).toMatchObject({ offset: 1 });
      const { frames, position } = await topics.catchUp(topic, alice.update().since);
      expect(parse(frames)[0]).toMatchObject({
        type: 'subscribed',
        recovered: false,
        epoch: position.epoch,
        offset: 1,
      });
      expect(position.epoch).not.toBe(alice.epoch);
    },
  );

  test('R25: that fails ends a held poll', async () => {
    const failing = new BehaviorSubject(1);
    const { environment, topics } = withSource(failing);
    const { position } = await topics.catchUp(STATE);
    const news = topics.waitForNews(STATE, position, new AbortController().signal);
    failing.error(new Error('database gone'));
    await environment.settle();
    expect(await news).toBe(true);
  });

  test('R25: that fails on one of two nodes runs on the other one', async () => {
    const sources = [new BehaviorSubject(1), new BehaviorSubject(2)] as const;
    const first = withSource(sources[0]);
    const second = withSource(sources[1], {}, first.node);
    const alice = await first.reader().subscribe(STATE);
    const bob = await second.reader().subscribe(STATE);
    sources[0].error(new Error('database gone'));
    await first.environment.settle();
    expect([alice.ends, bob.ends]).toEqual([['failed'], []]);
    await first.environment.advance(2_000);
    expect(bob.update().value).toBe(2);
  });

  test.each([STATE, EVENTS])(
    'R20: a source of $kind that fails at once runs once for each caller and answers internal',
    async (topic) => {
      let asked = 0;
      const load = (): TopicLoad => {
        // Without a limit this loop would block the process and the test.
        if ((asked += 1) > 10) throw new Error('asked without end');
        return { type: 'source', source: throwError(() => new Error('boom')) };
      };
      const { environment, logged, reader, topics } = setUp({ load });
      await expect(reader().subscribe(topic)).rejects.toMatchObject({ code: 'internal' });
      await expect(topics.catchUp(topic)).rejects.toMatchObject({ code: 'internal' });
      await environment.settle();
      expect(asked).toBe(2);
      expect(logged).toHaveLength(2);
      expect(topics.sizes.live).toBe(0);
    },
  );

  test('R20: a source that fails before its first value answers waiting callers with internal', async () => {
    const source = new Subject();
    const { environment, logged, reader, topics } = withSource(source);
    const answers = [reader().subscribe(STATE), topics.catchUp(STATE)].map((answer) =>
      answer.catch((error: unknown) => error),
    );
    await environment.settle();
    source.error(new Error('database gone'));
    for (const answer of answers) expect(await answer).toMatchObject({ code: 'internal' });
    expect(logged).toHaveLength(1);
  });

  test('R20: a source whose topic ends at each load runs twice, and the caller gets unavailable', async () => {
    let asked = 0;
    const load = (): TopicLoad => {
      if ((asked += 1) > 10) throw new Error('asked without end');
      return { type: 'source', source: of(1) };
    };
    const { broker, reader, topics } = setUp({
      load,
      wrap: (real) =>
        Object.assign(Object.create(real) as typeof real, {
          publish: async (...publication: Parameters<typeof real.publish>) => {
            const position = await real.publish(...publication);
            await real.close(STATE.name);
            return position;
          },
        }),
    });
    await expect(reader().subscribe(STATE)).rejects.toMatchObject({
      code: 'unavailable',
      options: { retryAfter: 1_000 },
    });
    expect(asked).toBe(2);
    expect(topics.sizes.live).toBe(0);
    expect(broker.sizes.topics).toBe(0);
  });

  test('invalid values are logged and skipped', async () => {
    const subject = new BehaviorSubject<unknown>('fine');
    const { environment, logged, reader } = withSource(subject);
    const alice = await reader().subscribe(STATE);
    subject.next(1n);
    subject.next('fine again');
    await environment.settle();
    expect(alice.update().value).toBe('fine again');
    expect(logged).toHaveLength(1);
  });
});

describe('a source that two nodes could run', () => {
  test('of events runs although the broker failed after it granted the lease', async () => {
    const faults = lossy();
    const running = counted(NEVER);
    const { environment, reader } = setUp({
      load: () => {
        faults.failReads = 1;
        return { type: 'source', source: running.source };
      },
      wrap: (broker) => faults.wrap(broker),
    });
    await reader().subscribe(EVENTS);
    expect(running.now).toBe(0);
    await environment.advance(2_000);
    expect(running.now).toBe(1);
  });

  test('runs on one of them, and moves when that node releases it', async () => {
    const subject = new BehaviorSubject('value');
    const running = counted(subject);
    const first = withSource(running.source);
    const second = withSource(running.source, {}, first.node);
    const alice = await first.reader().subscribe(STATE);
    const bob = await second.reader().subscribe(STATE);
    expect(running.now).toBe(1);
    first.environment.tick();
    expect([alice.update().value, bob.update().value]).toEqual(['value', 'value']);
    await first.environment.advance(500);
    alice.subscription!.close();
    await first.environment.advance(60_000);
    expect(bob.update().frames.map(({ type }) => type)).toEqual(['subscribed', 'snapshot', 'subscribed', 'snapshot']);
    expect(bob.value).toBe('value');
    expect(running.now).toBe(1);
    subject.next('changed');
    first.environment.tick();
    expect(bob.update().value).toBe('changed');
  });

  test('runs again at once for a caller that comes during the release', async () => {
    const subject = new BehaviorSubject('value');
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const { environment, topics } = withSource(subject, {
      wrap: (broker) =>
        Object.assign(Object.create(broker) as typeof broker, {
          lease: async (name: string): Promise<Lease | undefined> => {
            const lease = await broker.lease(name);
            const release = async (): Promise<void> => {
              await gate;
              await lease?.release();
            };
            return lease && { ...lease, release };
          },
        }),
    });
    const { position } = await topics.catchUp(STATE);
    await environment.advance(60_000);
    const answer = topics.catchUp(STATE, position);
    await environment.settle();
    letGo();
    await environment.settle();
    expect(parse((await answer).frames)).toMatchObject([{ recovered: false, offset: 1 }, { data: 'value' }]);
  });

  test('stops when the lease is lost, and runs again with the next one', async () => {
    const subject = new BehaviorSubject(1);
    const running = counted(subject);
    let runs = 0;
    let lose = (): void => undefined;
    let leases = 0;
    const { environment, topics } = withSource(
      defer(() => ((runs += 1), running.source)),
      {
        wrap: (broker) =>
          Object.assign(Object.create(broker) as typeof broker, {
            publish: (topic: string, publication: NewPublication) => broker.publish(topic, publication),
            lease: async (name: string): Promise<Lease> => {
              leases += 1;
              const lost = new Promise<void>((resolve) => (lose = resolve));
              return { name, token: leases, lost, release: async () => undefined };
            },
          }),
      },
    );
    await topics.catchUp(STATE);
    expect(running.now).toBe(1);
    lose();
    await environment.settle();
    expect([running.now, runs, leases]).toEqual([1, 2, 2]);
  });

  test('does not run if all readers left during the request for the lease', async () => {
    const subject = new BehaviorSubject(1);
    let grant = (_lease: Lease): void => undefined;
    let released = false;
    const { environment, topics } = withSource(subject, {
      wrap: (broker) =>
        Object.assign(Object.create(broker) as typeof broker, {
          lease: () => new Promise<Lease>((resolve) => (grant = resolve)),
        }),
    });
    const answer = topics.catchUp(STATE).catch((error: unknown) => error);
    await environment.settle();
    const disposed = topics.dispose();
    grant({
      name: 'source',
      token: 1,
      lost: new Promise(() => undefined),
      release: async () => {
        released = true;
      },
    });
    await Promise.all([answer, disposed]);
    await environment.settle();
    expect(released).toBe(true);
    expect(subject.observed).toBe(false);
  });

  test('gives no reader the value of an earlier run before its own first value', async () => {
    const { broker, node } = setUp();
    await broker.publish(STATE.name, draft('state', 'of an earlier run'));
    const source = new Subject();
    const { environment, topics } = withSource(source, {}, node);
    const answer = topics.catchUp(STATE);
    await environment.advance(1_000);
    source.next('of this run');
    expect(parse((await answer).frames)).toMatchObject([{ type: 'subscribed', offset: 1 }, { data: 'of this run' }]);
  });

  test('without a first value in time removes the value of an earlier run', async () => {
    const { broker, node } = setUp();
    await broker.publish(STATE.name, draft('state', 'of an earlier run'));
    const { environment, topics } = withSource(NEVER, {}, node);
    const answer = topics.catchUp(STATE);
    await environment.advance(2_000);
    expect(parse((await answer).frames)).toMatchObject([{ type: 'subscribed', offset: 0 }]);
  });

  test('lets no other node publish', async () => {
    const first = withSource(new BehaviorSubject('value'));
    const second = setUp({}, first.node);
    await first.topics.catchUp(STATE);
    await expect(second.topics.publish(STATE, 'another')).rejects.toMatchObject({ code: 'has_source' });
    expect((await first.topics.catchUp(STATE)).position.offset).toBe(1);
  });

  test('stops on a node that lost its lease without knowing, and changes nothing there', async () => {
    const subject = new Subject();
    const leases: Lease[] = [];
    const { broker, environment, logged, reader, topics } = withSource(subject, {
      wrap: (real) =>
        Object.assign(Object.create(real) as typeof real, {
          lease: async (name: string, options?: object): Promise<Lease | undefined> => {
            const lease = options === undefined ? await real.lease(name) : undefined;
            if (lease !== undefined) leases.push(lease);
            return lease;
          },
        }),
    });
    const answer = reader().subscribe(STATE);
    await environment.settle();
    subject.next('first');
    await answer;
    await leases[0]!.release();
    expect((await broker.lease(topicLease(STATE.name)))?.token).toBeGreaterThan(leases[0]!.token);
    subject.next('late');
    await environment.settle();
    expect(subject.observed).toBe(false);
    expect(logged.join()).toContain('publication-failed: BrokerError');
    expect((await topics.catchUp(STATE)).position.offset).toBe(1);
  });
});

describe('a topic whose broker loses the value of its source', () => {
  /** The broker forgets the topic, as after a flush. */
  async function flush({ broker, environment, topics }: ReturnType<typeof withSource>): Promise<void> {
    const { position } = await topics.catchUp(STATE);
    await broker.replaceEpoch(STATE.name, 'state', position.epoch);
    await environment.settle();
  }

  test('R14: gets the newest value again, although the source emits nothing', async () => {
    const subject = new Subject<number>();
    const node = withSource(subject);
    const subscribing = node.reader().subscribe(STATE);
    await node.environment.settle();
    subject.next(1);
    subject.next(2);
    const alice = await subscribing;
    await flush(node);
    node.environment.tick();
    expect(alice.update().value).toBe(2);
    expect(alice.follows).toBe(true);
  });

  test('gets it on the one node that runs the source', async () => {
    const here = withSource(new BehaviorSubject('value'));
    const there = withSource(new BehaviorSubject('value'), {}, here.node);
    await here.topics.catchUp(STATE);
    const before = await there.topics.catchUp(STATE);
    await flush(there);
    const after = await there.topics.catchUp(STATE);
    expect(parse(after.frames).at(-1)).toMatchObject({ type: 'snapshot', data: 'value' });
    expect(after.position).toMatchObject({ offset: 1 });
    expect(after.position.epoch).not.toBe(before.position.epoch);
  });

  test('waits for the first value of a source that has emitted none', async () => {
    const subject = new Subject<number>();
    const node = withSource(subject);
    const answer = node.topics.catchUp(STATE);
    await node.environment.advance(2_000);
    await answer;
    await flush(node);
    expect((await node.topics.catchUp(STATE)).position.offset).toBe(0);
    subject.next(1);
    expect(parse((await node.topics.catchUp(STATE)).frames).at(-1)).toMatchObject({ data: 1 });
  });

  test('gets a value that the source emitted while the broker was away for too long', async () => {
    let isAway = false;
    const away = (broker: Broker): Broker =>
      new Proxy(broker, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (name === 'publish' && isAway) return () => Promise.reject(new BrokerError('unavailable', 'It is away.'));
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const subject = new BehaviorSubject(1);
    const node = withSource(subject, { wrap: away });
    await node.topics.catchUp(STATE);
    isAway = true;
    subject.next(2);
    await node.environment.settle();
    isAway = false;
    await flush(node);
    expect(parse((await node.topics.catchUp(STATE)).frames).at(-1)).toMatchObject({ data: 2 });
  });
});
