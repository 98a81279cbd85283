import { describe, expect, test } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';

import { memoryBroker, MemoryBroker } from './broker/memory/memory-broker.js';
import { BrokerError, type BrokerContext } from './core/broker.js';
import type { RealtimeModuleOptions, RealtimeOptionsOverride, ResolvedRealtimeOptions } from './core/options.js';
import { BROKER, REALTIME_OPTIONS, REALTIME_OPTIONS_OVERRIDE } from './core/tokens.js';
import { RealtimeModule } from './realtime.module.js';

function compile(options?: RealtimeModuleOptions, override?: RealtimeOptionsOverride): Promise<TestingModule> {
  const builder = Test.createTestingModule({ imports: [RealtimeModule.forRoot(options)] });
  if (override !== undefined) builder.overrideProvider(REALTIME_OPTIONS_OVERRIDE).useValue(override);
  return builder.compile();
}

describe('an override of the options', () => {
  test('changes the options that the application gives', async () => {
    const module = await compile({ actionWindowMs: 5_000, path: '/live' }, (given) => ({
      ...given,
      actionWindowMs: 10,
    }));
    const resolved = module.get<ResolvedRealtimeOptions>(REALTIME_OPTIONS);
    expect([resolved.actionWindowMs, resolved.path]).toEqual([10, '/live']);
  });

  test('gets an empty object from an application without options', async () => {
    const given: RealtimeModuleOptions[] = [];
    await compile(undefined, (options) => {
      given.push(options);
      return options;
    });
    expect(given).toEqual([{}]);
  });

  test('is checked like options of the application', async () => {
    await expect(compile({}, () => ({ actionWindowMs: -1 }))).rejects.toThrow('actionWindow');
  });
});

describe('the broker option', () => {
  test('is the memory broker by default', async () => {
    expect((await compile()).get(BROKER)).toBeInstanceOf(MemoryBroker);
  });

  test.each([
    ['a promise of {}', () => Promise.resolve({})],
    ['undefined', () => undefined],
  ])('stops the start if it is a function that returns %s', async (got, broker) => {
    await expect(compile({ broker: broker as never })).rejects.toThrow(
      `option "broker" must be a function that returns a broker, got ${got.replace('a promise of ', '')}`,
    );
  });

  test('may be a function, which gets the history and the environment of the application', async () => {
    const contexts: BrokerContext[] = [];
    const broker = memoryBroker();
    const now = (): number => 7;
    const module = await compile({
      history: { count: 3 },
      environment: { now },
      broker: (context) => {
        contexts.push(context);
        return broker(context);
      },
    });
    expect(module.get(BROKER)).toBeInstanceOf(MemoryBroker);
    expect(contexts).toHaveLength(1);
    const [{ actionWindowMs, history, environment }] = contexts as [BrokerContext];
    expect([actionWindowMs, history.count, environment.now()]).toEqual([120_000, 3, 7]);
  });

  test('may be a function that returns a promise of the broker', async () => {
    const module = await compile({ broker: async (context) => memoryBroker()(context) });
    expect(module.get(BROKER)).toBeInstanceOf(MemoryBroker);
  });

  test('stops the start with the error of the function', async () => {
    const unreachable = new BrokerError('unavailable', 'redis://localhost:1 cannot be reached: ECONNREFUSED.');
    await expect(compile({ broker: () => Promise.reject(unreachable) })).rejects.toBe(unreachable);
  });
});
