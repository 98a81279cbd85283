import type { Server as HttpServer } from 'node:http';

import { type INestApplication, Module, UseGuards, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { redisBroker } from '@statewire/broker-redis';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeMetrics,
  RealtimeModule,
} from '@statewire/nest';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

import { createBattle, type BattleModel } from '../battle-model.js';
import { listenAnywhere } from '../listening-port.js';
import type { BenchServer, SmallEvent, StartOptions } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';
import { AllowGuard, PassInterceptor, PassPipe } from './enhancers.js';

const battle = stateTopic<BattleModel>()('battle');
const events = eventTopic<SmallEvent>()('events');
const rooms = eventTopic<SmallEvent>()('rooms/:id');

interface Asked {
  readonly value: number;
}
const plain = action<Asked, Asked>('plain');
const guarded = action<Asked, Asked>('guard');
const piped = action<Asked, Asked>('pipe');
const intercepted = action<Asked, Asked>('interceptor');

@RealtimeHandlers()
class Handlers {
  @OnTopic(battle)
  battle(): BattleModel {
    return createBattle();
  }

  @OnTopic(events)
  events(): void {}

  @OnTopic(rooms)
  rooms(): void {}

  @OnAction(plain)
  plain(): Asked {
    return { value: 1 };
  }

  @UseGuards(AllowGuard)
  @OnAction(guarded)
  guarded(): Asked {
    return { value: 1 };
  }

  @OnAction(piped)
  piped(@ActionData(PassPipe) _data: Asked): Asked {
    return { value: 1 };
  }

  @UseInterceptors(PassInterceptor)
  @OnAction(intercepted)
  intercepted(): Asked {
    return { value: 1 };
  }
}

/** The clients share an address and have no user, so the limits of both are off. Every other option has its default. */
const LIMITS = {
  connections: { perAddress: 0, pendingPerAddress: 0, newPerSecondPerAddress: 0, subscriptions: 0 },
  frames: { perSecondPerUser: 0, perSecondPerAddress: 0 },
};

/** Starts a node. */
export async function start({ redisUrl, hasFrameLimits = false }: StartOptions = {}): Promise<
  BenchServer & Required<Pick<BenchServer, 'publishBattle'>>
> {
  @Module({
    imports: [
      RealtimeModule.forRoot({
        limits: hasFrameLimits ? LIMITS : { ...LIMITS, frames: { ...LIMITS.frames, perSecond: 0 } },
        ...(redisUrl === undefined ? {} : { broker: redisBroker({ url: redisUrl }) }),
      }),
    ],
    providers: [Handlers],
  })
  class StatewireModule {}

  const app: INestApplication<HttpServer> = await NestFactory.create(StatewireModule, { logger: ['error'] });
  const sockets = new SocketCount(app.getHttpServer());
  const port = await listenAnywhere(app);
  const bus = app.get(RealtimeBus);
  const metrics = app.get(RealtimeMetrics);
  return {
    port,
    publishBattle: (value) => bus.publish(battle.with(), value),
    publishEvents: (list) => {
      for (const event of list) void bus.publish(events.with(), event);
    },
    publishRoom: (room, value) => void bus.publish(rooms.with({ id: String(room) }), value),
    bytesWritten: () => sockets.bytesWritten(),
    cut: () => sockets.cut(),
    backlog: () => metrics.snapshot().gauges.outboxBytes,
  };
}
