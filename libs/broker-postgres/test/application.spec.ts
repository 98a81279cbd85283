import 'reflect-metadata';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RealtimeBus, RealtimeLeases, RealtimeModule, RealtimeSwitch } from '@statewire/nest';
import { stateTopic, type Json } from '@statewire/protocol';
import { postgresSkipReason, PostgresServer, withClient } from '@statewire/verification/servers';
import { filter, firstValueFrom, timeout } from 'rxjs';

import { postgresBroker } from '../src/index.js';
import { Proxy } from './support/proxy.js';

const describeWithServer = postgresSkipReason === undefined ? describe : describe.skip;

const counter = stateTopic<{ count: number }>()('counters/:id').with({ id: '1' });

describeWithServer('an application of two processes', () => {
  let server: PostgresServer;
  const applications: INestApplication[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterEach(async () => {
    for (const application of applications.splice(0)) await application.close();
  });

  afterAll(() => server.dispose());

  async function start(url = server.url): Promise<INestApplication> {
    const module = RealtimeModule.forRoot({ broker: postgresBroker({ connectionString: url }) });
    const application = await NestFactory.create({ module: class {}, imports: [module] }, { logger: false });
    applications.push(application);
    await application.init();
    return application;
  }

  function follow(application: INestApplication, count: number): Promise<{ count: number }> {
    const values = application.get(RealtimeBus).stream(counter);
    return firstValueFrom(
      values.pipe(
        filter((value) => value.count === count),
        timeout(60_000),
      ),
    );
  }

  test('what one publishes reaches the other, with the values before it', async () => {
    const [first, second] = [await start(), await start()];
    await first.get(RealtimeBus).publish(counter, { count: 1 });
    expect(await follow(second, 1)).toEqual({ count: 1 });
    const next = follow(second, 2);
    await first.get(RealtimeBus).publish(counter, { count: 2 });
    expect(await next).toEqual({ count: 2 });
  });

  test('what one publishes in a transaction reaches the other after the commit, with the checks of each publication', async () => {
    const [first, second] = [await start(), await start()];
    const orders = stateTopic<{ count: number }>()('orders/:id').with({ id: '1' });
    const values = firstValueFrom(second.get(RealtimeBus).stream(orders).pipe(timeout(60_000)));
    const bus = first.get(RealtimeBus);
    await withClient(server.url, async (transaction) => {
      await transaction.query('begin');
      const large = bus.publish(orders, { count: 1, text: 'x'.repeat(2 ** 20) } as never, { transaction });
      await expect(large).rejects.toMatchObject({ code: 'too_large' });
      await expect(bus.publish(orders, 10n as never, { transaction })).rejects.toMatchObject({ code: 'not_json' });
      expect(await bus.publish(orders, { count: 7 }, { transaction })).toBeUndefined();
      await transaction.query('commit');
    });
    expect(await values).toEqual({ count: 7 });
  });

  test('a topic whose lease a process holds has one writer, also for transactions', async () => {
    const [first, second] = [await start(), await start()];
    const owned = stateTopic<{ count: number }>()('owned/:id').with({ id: '1' });
    let hold = (): void => undefined;
    const held = new Promise<void>((resolve) => (hold = resolve));
    void second.get(RealtimeLeases).hold(owned, async ({ signal }) => {
      hold();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await held;
    await withClient(server.url, async (transaction) => {
      await transaction.query('begin');
      const published = first.get(RealtimeBus).publish(owned, { count: 1 }, { transaction });
      await expect(published).rejects.toMatchObject({ name: 'PublishError', code: 'has_source' });
      expect((await transaction.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await transaction.query('commit');
    });
  });

  test('work that holds a lease runs on one of them, and the other one goes on with it', async () => {
    const [first, second] = [await start(), await start()];
    const running: string[] = [];
    const work = async (name: string, signal: AbortSignal): Promise<void> => {
      running.push(name);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };
    void first.get(RealtimeLeases).hold('arena', ({ signal }) => work('first', signal));
    const answered = async (): Promise<Json | undefined> => second.get(RealtimeLeases).request('arena', 'ping');
    while (running.length === 0) await answered();
    const taken = new Promise<void>((resolve) => {
      void second.get(RealtimeLeases).hold('arena', async ({ signal }) => {
        resolve();
        await work('second', signal);
      });
    });
    await first.close();
    await taken;
    expect(running).toEqual(['first', 'second']);
  });

  test('the switch turns both, and one that starts later', async () => {
    const [first, second] = [await start(), await start()];
    const turned = firstValueFrom(second.get(RealtimeSwitch).changes);
    await first.get(RealtimeSwitch).set(false);
    expect(await turned).toBe(false);
    const third = await start();
    expect(third.get(RealtimeSwitch).enabled).toBe(false);
    await third.get(RealtimeSwitch).set(true);
  });

  test('a start without a server fails with one message', async () => {
    const proxy = await Proxy.start(server.url);
    const { url } = proxy;
    await proxy.dispose();
    const module = RealtimeModule.forRoot({ broker: postgresBroker({ connectionString: url, startTimeoutMs: 1_000 }) });
    const starting = NestFactory.create(
      { module: class {}, imports: [module] },
      { logger: false, abortOnError: false },
    );
    await expect(starting).rejects.toThrow(
      /The PostgreSQL broker could not start within 1000 ms \(postgres:\/\/127\.0\.0\.1:\d+\/postgres, schema statewire, \d+ attempts?\): /,
    );
  });
});
