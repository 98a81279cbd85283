import 'reflect-metadata';

import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';

import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnTopic, RealtimeBus, RealtimeHandlers, RealtimeModule, type BrokerFactory } from '@statewire/nest';
import { map, type Observable, timer } from 'rxjs';

import { board, clock, ROWS, ticks } from './rolling-topics.js';

@RealtimeHandlers()
class Handlers {
  @OnTopic(ticks)
  ticks(): void {}

  @OnTopic(board)
  board(): { n: number; rows: readonly string[] } {
    return { n: 0, rows: ROWS };
  }

  @OnTopic(clock)
  clock(): Observable<{ at: number }> {
    return timer(0, 1_000).pipe(map((at) => ({ at })));
  }
}

/** Makes this process a node. It prints its origin, and publishes each number that it gets as a message. */
export async function startRollingNode(broker: BrokerFactory): Promise<void> {
  const module = RealtimeModule.forRoot({
    limits: { connections: { perAddress: 0, pendingPerAddress: 0 }, frames: { perSecondPerAddress: 0 } },
    drain: { windowMs: 1_000 },
    broker,
  });
  const application: INestApplication<Server> = await NestFactory.create(
    { module: class {}, imports: [module], providers: [Handlers] },
    { logger: ['error'] },
  );
  application.enableShutdownHooks([], { useProcessExit: true });
  await application.listen(0, '127.0.0.1');
  const bus = application.get(RealtimeBus);
  process.on('message', (n: number) => {
    void Promise.all([bus.publish(ticks.with(), { n }), bus.publish(board.with(), { n, rows: ROWS })]).then(() =>
      process.send?.(n),
    );
  });
  const { port } = application.getHttpServer().address() as AddressInfo;
  process.stdout.write(`Listening on http://127.0.0.1:${port}\n`);
}
