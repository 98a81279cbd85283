import { describe, expect, test } from '@jest/globals';
import { eventTopic, stateTopic } from '@statewire/protocol';
import { config, filter, map, share, type Observable, type Subscription } from 'rxjs';

import { setUp } from '../test/support/topics-set-up.js';
import { ActionContext } from './core/action-context.js';
import { RealtimeBus } from './realtime-bus.js';

const battle = stateTopic<{ hp: number }>()('battles/:battleId');
const notices = eventTopic<string>()('notices');

function bus() {
  const node = setUp();
  const errors: string[] = [];
  const log = { error: (event: string, error: unknown) => void errors.push(`${event}: ${String(error)}`) };
  return { ...node, errors, bus: new RealtimeBus(node.topics, log, node.environment) };
}

describe('RealtimeBus', () => {
  test('publishes by reference and streams typed values', async () => {
    const { bus: realtime, environment } = bus();
    const reference = battle.with({ battleId: '42' });
    const position = await realtime.publish(reference, { hp: 10 });
    const values: { hp: number }[] = [];
    const positions: unknown[] = [];
    realtime.stream(reference).subscribe((value) => values.push(value));
    realtime.publications(reference).subscribe((publication) => positions.push(publication.position));
    await environment.settle();
    expect(values).toEqual([{ hp: 10 }]);
    expect(positions).toEqual([position]);
  });

  test('logs and rejects a failed publication without an unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const { bus: realtime, environment, errors } = bus();
    void realtime.publish(battle.with({ battleId: '42' }), 10n as never);
    await environment.settle();
    await environment.settle();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(errors).toHaveLength(1);
    await expect(realtime.publish(notices.with(), undefined as never)).rejects.toMatchObject({ code: 'not_json' });
  });

  test('rejects a publication in a transaction if the broker keeps nothing in a database', async () => {
    const { bus: realtime, errors } = bus();
    const statements: string[] = [];
    const transaction = { query: async (text: string) => void statements.push(text) };
    const published = realtime.publish(battle.with({ battleId: '42' }), { hp: 10 }, { transaction });
    await expect(published).rejects.toMatchObject({ name: 'PublishError', code: 'no_transactions' });
    await expect(published).rejects.toThrow(/The broker "memory" .* Use postgresBroker\(\)/);
    expect(statements).toEqual([]);
    expect(errors).toHaveLength(1);
  });

  test('leaves errors of other observables to the application', () => {
    const { onUnhandledError } = config;
    const { bus: realtime } = bus();
    realtime.stream(notices.with()).subscribe().unsubscribe();
    expect(config.onUnhandledError).toBe(onUnhandledError);
  });

  const thrower = (): never => {
    throw new Error('subscriber');
  };

  test.each<[string, (notices: Observable<string>) => Subscription]>([
    ['in a function', (stream) => stream.subscribe(thrower)],
    ['in an observer', (stream) => stream.subscribe({ next: thrower })],
    ['behind operators', (stream) => stream.pipe(filter(Boolean), share()).subscribe(thrower)],
    ['in an operator without an error handler', (stream) => stream.pipe(map(thrower)).subscribe()],
    ['when it handles an error', (stream) => stream.pipe(map(thrower)).subscribe({ error: thrower })],
  ])('R20: a subscriber that throws %s is logged instead of ending the process', async (_, subscribe) => {
    const { bus: realtime, environment, errors } = bus();
    const heard: string[] = [];
    subscribe(realtime.stream(notices.with()));
    realtime.stream(notices.with()).subscribe((notice) => heard.push(notice));
    await environment.settle();
    const thrown: unknown[] = [];
    config.onUnhandledError = (error) => thrown.push(error);
    await realtime.publish(notices.with(), 'hello');
    // RxJS throws unhandled errors from a timer.
    await new Promise((resolve) => setTimeout(resolve));
    config.onUnhandledError = null;
    expect(heard).toEqual(['hello']);
    expect(errors).toEqual(['stream-subscriber-failed: Error: subscriber']);
    expect(thrown).toEqual([]);
  });

  test('R20: a subscriber that throws when the stream completes is logged', async () => {
    const { bus: realtime, environment, errors } = bus();
    realtime.stream(notices.with()).subscribe({ complete: thrower });
    await environment.settle();
    await realtime.close(notices.with());
    expect(errors).toEqual(['stream-subscriber-failed: Error: subscriber']);
  });

  test('keeps the `this` of an observer and lets it unsubscribe', async () => {
    const { bus: realtime, environment } = bus();
    const observer = {
      heard: [] as string[],
      next(notice: string) {
        this.heard.push(notice);
      },
    };
    const subscription = realtime.stream(notices.with()).subscribe(observer);
    await environment.settle();
    await realtime.publish(notices.with(), 'one');
    subscription.unsubscribe();
    await realtime.publish(notices.with(), 'two');
    expect(observer.heard).toEqual(['one']);
  });

  test('close ends the stream', async () => {
    const { bus: realtime, environment } = bus();
    let completed = false;
    realtime.stream(notices.with()).subscribe({ complete: () => (completed = true) });
    await environment.settle();
    await realtime.close(notices.with());
    expect(completed).toBe(true);
  });
});

describe('ActionContext', () => {
  test('collects the newest position of each topic that an action publishes to, at any depth', async () => {
    const { bus: realtime } = bus();
    const helper = async (): Promise<void> => {
      await Promise.resolve();
      void realtime.publish(notices.with(), 'helper');
    };
    const { result, positions } = await new ActionContext().run(async () => {
      void realtime.publish(battle.with({ battleId: '1' }), { hp: 1 });
      await realtime.publish(battle.with({ battleId: '1' }), { hp: 2 });
      await helper();
      return 'done';
    });
    expect(result).toBe('done');
    expect(positions).toEqual([
      { topic: 'battles/1', epoch: expect.any(String), offset: 2 },
      { topic: 'notices', epoch: expect.any(String), offset: 1 },
    ]);
  });

  test('separates actions that run at the same time', async () => {
    const { bus: realtime } = bus();
    const run = (battleId: string) =>
      new ActionContext().run(async () => {
        await Promise.resolve();
        await realtime.publish(battle.with({ battleId }), { hp: 1 });
      });
    const [one, two] = await Promise.all([run('1'), run('2')]);
    expect(one.positions.map(({ topic }) => topic)).toEqual(['battles/1']);
    expect(two.positions.map(({ topic }) => topic)).toEqual(['battles/2']);
  });

  test('leaves out failed publications and rethrows the error of the function', async () => {
    const { bus: realtime } = bus();
    const { positions } = await new ActionContext().run(() => {
      realtime.publish(notices.with(), 10n as never).catch(() => undefined);
    });
    expect(positions).toEqual([]);
    const failure = new Error('handler');
    await expect(new ActionContext().run(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(() =>
      new ActionContext().run(() => {
        throw failure;
      }),
    ).toThrow(failure);
  });

  test('collects no publication after the end of the action', async () => {
    const { bus: realtime } = bus();
    let later = (): void => undefined;
    const { positions } = await new ActionContext().run(() => {
      const waiting = new Promise<void>((resolve) => (later = resolve));
      void waiting.then(() => realtime.publish(notices.with(), 'later'));
    });
    later();
    await new Promise((resolve) => setImmediate(resolve));
    expect(positions).toEqual([]);
  });
});
