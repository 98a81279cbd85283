import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';

import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  memoryBroker,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeMetrics,
  RealtimeModule,
} from '@statewire/nest';
import { action, eventTopic, type Json, stateTopic } from '@statewire/protocol';

import { type BattleModel, createBattle, nextTick } from '../battle-model.js';
import { listenAnywhere } from '../listening-port.js';
import type { ServerRole } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';

/** Running and remembered actions that the server has room for: a small part of those that it gets. */
const MAX_CLAIMS = 2_000;
/** As long as the time of a machine that has run for some days, and always as long. */
const FIRST_STAMP = 1_000_000_000;

const battle = stateTopic<BattleModel>()('battle');
const events = eventTopic<Json>()('events');
const list = stateTopic<Json>()('list');
const plain = action<Json, Json>('plain');

@RealtimeHandlers()
class Handlers {
  @OnTopic(battle)
  battle(): BattleModel {
    return createBattle();
  }

  @OnTopic(events)
  events(): void {}

  @OnTopic(list)
  list(): readonly Json[] {
    return [];
  }

  @OnAction(plain)
  plain(): Json {
    return { value: 1 };
  }
}

@Module({
  imports: [
    RealtimeModule.forRoot({
      authenticate: (_request, token) => ({ id: token, user: { id: token } }),
      broker: memoryBroker({ maxClaims: MAX_CLAIMS }),
      limits: {
        connections: { perAddress: 0, pendingPerAddress: 0, newPerSecondPerAddress: 0 },
        frames: { perSecond: 0, perSecondPerUser: 0, perSecondPerAddress: 0 },
      },
    }),
  ],
  providers: [Handlers],
})
class GateModule {}

/** The calls of the gate to its server. */
export interface GateRole extends Pick<ServerRole, 'port' | 'usage'> {
  /** Publishes `perTick` events in each of `ticks` ticks. Resolves with the writes to all sockets. */
  writesOf(burst: { readonly ticks: number; readonly perTick: number }): Promise<number>;
  publishList(value: Json): Promise<void>;
  /** Publishes the next value of the battle. Resolves with it. */
  publishBattle(): Promise<BattleModel>;
  /** Actions by outcome. */
  actions(): Readonly<Record<string, number>>;
}

export async function start(): Promise<GateRole> {
  const app: INestApplication<HttpServer> = await NestFactory.create(GateModule, { logger: ['error'] });
  const sockets = new SocketCount(app.getHttpServer());
  let writes = 0;
  app.getHttpServer().on('connection', (socket) => countWrites(socket, () => (writes += 1)));
  const port = await listenAnywhere(app);
  const bus = app.get(RealtimeBus);
  let value = createBattle();
  return {
    port: () => port,
    usage: () => ({ ...process.cpuUsage(), bytesWritten: sockets.bytesWritten() }),
    writesOf: async ({ ticks, perTick }) => {
      const before = writes;
      for (let tick = 0; tick < ticks; tick += 1) {
        const published = Array.from({ length: perTick }, (_, index) =>
          bus.publish(events.with(), { tick, index, text: 'x'.repeat(190) }),
        );
        await Promise.all(published);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return writes - before;
    },
    publishList: async (rows) => void (await bus.publish(list.with(), rows)),
    publishBattle: async () => {
      value = nextTick(value, FIRST_STAMP + value.tick);
      await bus.publish(battle.with(), value);
      return value;
    },
    actions: () => app.get(RealtimeMetrics).snapshot().counters.actions,
  };
}

/** Counts the calls with which a socket hands bytes to the operating system. */
function countWrites(socket: Socket, count: () => void): void {
  const write = socket._write.bind(socket);
  const writev = socket._writev!.bind(socket);
  socket._write = (...args) => {
    count();
    write(...args);
  };
  socket._writev = (...args) => {
    count();
    writev(...args);
  };
}
