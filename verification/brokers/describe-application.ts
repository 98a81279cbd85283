import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RealtimeBus, RealtimeLeases, RealtimeModule, RealtimePublisherModule, RealtimeSwitch } from '@statewire/nest';
import { stateTopic, type Json } from '@statewire/protocol';
import { filter, firstValueFrom, timeout } from 'rxjs';

import { Proxy } from './proxy.js';
import type { TestedBroker, TestServer } from './tested-broker.js';

const counter = stateTopic<{ count: number }>()('counters/:id').with({ id: '1' });

/** The server and the applications of a test. */
export interface Processes<Server extends TestServer> {
  readonly server: () => Server;
  /** Starts an application of its own, as a process has it. */
  start(): Promise<INestApplication>;
}

/**
 * Defines the tests of an application of two processes.
 *
 * @param describeMore defines further tests with the same server.
 */
export function describeApplication<Server extends TestServer>(
  tested: TestedBroker<Server>,
  describeMore: (processes: Processes<Server>) => void = () => undefined,
): void {
  const describeHere = tested.skipReason === undefined ? describe : describe.skip;

  describeHere('an application of two processes', () => {
    let server: Server;
    const applications: INestApplication[] = [];

    beforeAll(async () => {
      server = await tested.startServer();
    });

    afterEach(async () => {
      for (const application of applications.splice(0)) await application.close();
    });

    afterAll(() => server.dispose());

    async function start(): Promise<INestApplication> {
      const module = RealtimeModule.forRoot({ broker: tested.create(server.url) });
      const application = await NestFactory.create({ module: class {}, imports: [module] }, { logger: false });
      applications.push(application);
      return application.init();
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

    test('updates of both lose no change, although each reads before it writes', async () => {
      const [first, second] = [await start(), await start()];
      const sum = follow(first, 130);
      await first.get(RealtimeBus).publish(counter, { count: 100 });
      const add = (application: INestApplication): Promise<unknown> =>
        application.get(RealtimeBus).update(counter, (draft) => void (draft.count += 1));
      await Promise.all([first, second].flatMap((one) => Array.from({ length: 15 }, () => add(one))));
      expect(await sum).toEqual({ count: 130 });
    });

    test('a worker without an HTTP server publishes, and its end loses no publication', async () => {
      const next = follow(await start(), 7);
      const module = RealtimePublisherModule.forRoot({ broker: tested.create(server.url) });
      const worker = await NestFactory.createApplicationContext(
        { module: class {}, imports: [module] },
        { logger: false },
      );
      void worker.get(RealtimeBus).publish(counter, { count: 7 });
      await worker.close();
      expect(await next).toEqual({ count: 7 });
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
      const module = RealtimeModule.forRoot({ broker: tested.create(url, { startTimeoutMs: 1_000 }) });
      const starting = NestFactory.create(
        { module: class {}, imports: [module] },
        { logger: false, abortOnError: false },
      );
      await expect(starting).rejects.toThrow(tested.unreachable);
    });

    describeMore({ server: () => server, start });
  });
}
