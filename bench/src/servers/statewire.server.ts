import type { Server as HttpServer } from 'node:http';

import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { redisBroker } from '@statewire/broker-redis';
import { OnTopic, RealtimeBus, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { eventTopic, stateTopic } from '@statewire/protocol';

import { createBattle, type BattleModel } from '../battle-model.js';
import { listenAnywhere } from '../listening-port.js';
import type { BenchServer, SmallEvent } from '../server-protocol.js';

const battle = stateTopic<BattleModel>()('battle');
const events = eventTopic<SmallEvent>()('events');

@RealtimeHandlers()
class Handlers {
  @OnTopic(battle)
  battle(): BattleModel {
    return createBattle();
  }

  @OnTopic(events)
  events(): void {}
}

/** Starts a node. `redisUrl`: it shares its topics with other nodes through that server. */
export async function start({ redisUrl }: { redisUrl?: string } = {}): Promise<BenchServer> {
  @Module({
    imports: [
      RealtimeModule.forRoot({
        limits: { connections: { perAddress: 0, pendingPerAddress: 0 }, frames: { perSecondPerAddress: 0 } },
        ...(redisUrl === undefined ? {} : { broker: redisBroker({ url: redisUrl }) }),
      }),
    ],
    providers: [Handlers],
  })
  class StatewireModule {}

  const app: INestApplication<HttpServer> = await NestFactory.create(StatewireModule, { logger: ['error'] });
  const port = await listenAnywhere(app);
  const bus = app.get(RealtimeBus);
  return {
    port,
    publishBattle: (value) => bus.publish(battle.with(), value),
    publishEvent: (value) => void bus.publish(events.with(), value),
    close: () => app.close(),
  };
}
