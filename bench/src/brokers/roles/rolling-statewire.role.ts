import type { Server as HttpServer } from 'node:http';

import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { redisBroker } from '@statewire/broker-redis';
import { OnTopic, RealtimeBus, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { map, type Observable, timer } from 'rxjs';

import { listenAnywhere } from '../../listening-port.js';
import { board, clock, DRAIN_MS, type RollingRole, ROWS, ticks } from '../rolling-contract.js';

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
    return timer(0, 1_000).pipe(map(() => ({ at: Date.now() })));
  }
}

/** A node of Statewire. It drains when the process gets SIGTERM. */
export async function start({ url }: { url: string }): Promise<RollingRole> {
  @Module({
    imports: [
      RealtimeModule.forRoot({
        limits: { connections: { perAddress: 0, pendingPerAddress: 0 }, frames: { perSecondPerAddress: 0 } },
        drain: { windowMs: DRAIN_MS },
        broker: redisBroker({ url }),
      }),
    ],
    providers: [Handlers],
  })
  class NodeModule {}

  const app: INestApplication<HttpServer> = await NestFactory.create(NodeModule, { logger: ['error'] });
  app.enableShutdownHooks([], { useProcessExit: true });
  const port = await listenAnywhere(app);
  const bus = app.get(RealtimeBus);
  return {
    port: () => port,
    publish: async (n) => {
      await Promise.all([bus.publish(ticks.with(), { n }), bus.publish(board.with(), { n, rows: ROWS })]);
    },
  };
}
