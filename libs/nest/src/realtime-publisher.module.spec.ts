import { describe, expect, test } from '@jest/globals';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { stateTopic } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';
import { firstValueFrom } from 'rxjs';

import { eventLoopTurn } from '../test/support/event-loop-turn.js';
import { RecordedLog } from '../test/support/recorded-log.js';
import { sharedBroker } from '../test/support/shared-broker.js';
import { memoryBroker } from './broker/memory/memory-broker.js';
import { BrokerError, type Broker, type NewPublication } from './core/broker.js';
import type { RealtimePublisherModuleOptions } from './core/options.js';
import { RealtimeOptionsError } from './core/resolve-options.js';
import { REALTIME_OPTIONS_OVERRIDE } from './core/tokens.js';
import { RealtimeBus } from './realtime-bus.js';
import { RealtimeLeases } from './realtime-leases.js';
import { RealtimePublisherModule } from './realtime-publisher.module.js';
import { RealtimeModule } from './realtime.module.js';

const room = stateTopic<{ text: string; more: string }>()('room').with();
const MORE = 'The rest of the value stays as it is, so that a delta is shorter than the value.';

function cluster(): Broker {
  return memoryBroker()({
    environment: new VirtualEnvironment(),
    history: { count: 10, bytes: 0, ageMs: 60_000 },
    actionWindowMs: 1_000,
    log: { error: () => undefined },
  });
}

/** Starts a worker without an HTTP server, as `main.ts` of one does. */
async function start(
  options: RealtimePublisherModuleOptions,
  logger: RecordedLog['logger'] | false = false,
): Promise<INestApplicationContext> {
  @Module({ imports: [RealtimePublisherModule.forRoot(options)] })
  class Worker {}

  return NestFactory.createApplicationContext(Worker, { logger, abortOnError: false });
}

test('a worker publishes to readers of other processes', async () => {
  const shared = cluster();
  const [worker, reader] = [
    await start({ broker: sharedBroker(shared) }),
    await start({ broker: sharedBroker(shared) }),
  ];
  const position = await worker.get(RealtimeBus).publish(room, { text: 'imported', more: MORE });
  expect(position.offset).toBe(1);
  const value = await firstValueFrom(reader.get(RealtimeBus).stream(room));
  expect(value.text).toBe('imported');
  await worker.close();
  await reader.close();
});

test('a worker publishes deltas from its own last value, although nobody reads the topic there', async () => {
  const published: NewPublication[] = [];
  const shared = cluster();
  const recording = new Proxy(sharedBroker(shared), {
    get(target, name: keyof Broker) {
      if (name !== 'publish') return target[name];
      return (topic: string, publication: NewPublication) => {
        published.push(publication);
        return target.publish(topic, publication);
      };
    },
  });
  const worker = await start({ broker: recording });
  const bus = worker.get(RealtimeBus);
  await Promise.all([
    bus.publish(room, { text: 'first', more: MORE }),
    bus.publish(room, { text: 'second', more: MORE }),
  ]);
  expect(published.map(({ patch }) => patch?.base)).toEqual([undefined, published[0]!.id]);
  await worker.close();
});

test('a worker holds leases, and gives them back when it ends', async () => {
  const shared = cluster();
  const worker = await start({ broker: sharedBroker(shared) });
  await new Promise<void>((resolve) => {
    void worker.get(RealtimeLeases).hold('import', async ({ signal }) => {
      resolve();
      await new Promise((end) => signal.addEventListener('abort', end));
    });
  });
  expect(await shared.lease('app:import')).toBeUndefined();
  await worker.close();
  expect(await shared.lease('app:import')).toMatchObject({ name: 'app:import' });
});

test('a worker that ends waits until the broker has every publication', async () => {
  const shared = cluster();
  const worker = await start({ broker: sharedBroker(shared, eventLoopTurn) });
  void worker.get(RealtimeBus).publish(room, { text: 'last', more: MORE });
  await worker.close();
  expect(await shared.read(room.name, 'state')).toMatchObject({ offset: 1 });
});

test('forRootAsync() takes the options from a factory', async () => {
  const shared = cluster();
  const module = await Test.createTestingModule({
    imports: [
      RealtimePublisherModule.forRootAsync({ useFactory: async () => ({ broker: () => sharedBroker(shared) }) }),
    ],
  }).compile();
  await module.init();
  expect((await module.get(RealtimeBus).publish(room, { text: 'a', more: MORE })).offset).toBe(1);
  await module.close();
});

test('a test replaces the broker with an override', async () => {
  const shared = cluster();
  const unreachable = (): never => {
    throw new Error('The server of the application is not here.');
  };
  const module = await Test.createTestingModule({ imports: [RealtimePublisherModule.forRoot({ broker: unreachable })] })
    .overrideProvider(REALTIME_OPTIONS_OVERRIDE)
    .useValue((options: object) => ({ ...options, broker: sharedBroker(shared) }))
    .compile();
  expect((await module.get(RealtimeBus).publish(room, { text: 'a', more: MORE })).offset).toBe(1);
  await module.close();
});

describe('the start of a publisher', () => {
  test('logs the broker', async () => {
    const log = new RecordedLog();
    const worker = await start({ broker: sharedBroker(cluster()) }, log.logger);
    expect(log.text).toContain('realtime-publisher-started broker=shared');
    await worker.close();
  });

  test.each<[string, RealtimePublisherModuleOptions['broker']]>([
    ['a memory broker', memoryBroker()],
    ['a given broker that nobody shares', cluster()],
  ])('fails with %s, because its publications reach nobody', async (_, broker) => {
    const starting = start({ broker });
    await expect(starting).rejects.toBeInstanceOf(RealtimeOptionsError);
    await expect(starting).rejects.toThrow(
      /RealtimePublisherModule cannot start:\n.*"broker" must be a broker that other processes share.*the memory broker, which reaches nobody/,
    );
  });

  test('reports every option that a publisher does not have', async () => {
    const options: object = { path: '/ws', limits: { frames: { publicationBytes: -1, bytes: 5 } } };
    await expect(start(options as never)).rejects.toThrow(
      'RealtimePublisherModule cannot start:\n' +
        '  - option "path" must be left out, because there is no such option ' +
        '(there are broker, history, actionWindowMs, limits, environment), got "/ws"\n' +
        '  - option "limits.frames.bytes" must be left out, because there is no such option ' +
        '(there are publicationBytes), got 5\n' +
        '  - option "limits.frames.publicationBytes" must be an integer from 0 to 2147483647, got -1\n' +
        '  - option "broker" must be a broker that other processes share, such as redisBroker({ url }), because this ' +
        'process serves no client, got undefined',
    );
  });

  test('fails with the error of a broker that cannot be reached', async () => {
    const unreachable = new BrokerError('unavailable', 'redis://localhost:1 cannot be reached: ECONNREFUSED.');
    await expect(start({ broker: () => Promise.reject(unreachable) })).rejects.toBe(unreachable);
  });

  test('fails beside RealtimeModule, and says which of them to import', async () => {
    const module = Test.createTestingModule({
      imports: [RealtimeModule.forRoot(), RealtimePublisherModule.forRoot({ broker: sharedBroker(cluster()) })],
    });
    await expect(module.compile()).rejects.toThrow('Import RealtimeModule alone');
  });

  test('fails without forRoot()', async () => {
    const module = Test.createTestingModule({ imports: [RealtimePublisherModule] });
    await expect(module.compile()).rejects.toThrow('Import RealtimePublisherModule.forRoot(…)');
  });
});
