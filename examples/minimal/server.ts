import 'reflect-metadata';

import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeModule,
  TopicParams,
} from '@statewire/nest';
import { IsString } from 'class-validator';

import { counter, increment, type Counter } from './contract.js';

class IncrementDto {
  @IsString()
  readonly counterId!: string;
}

@RealtimeHandlers()
class CounterRealtime {
  private readonly counts = new Map<string, number>();

  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(counter)
  load(@TopicParams('counterId') counterId: string): Counter {
    return { count: this.counts.get(counterId) ?? 0 };
  }

  @OnAction(increment)
  async increment(@ActionData() { counterId }: IncrementDto): Promise<Counter> {
    const value = { count: (this.counts.get(counterId) ?? 0) + 1 };
    this.counts.set(counterId, value.count);
    await this.bus.publish(counter.with({ counterId }), value);
    return value;
  }
}

@Module({ imports: [RealtimeModule.forRoot()], providers: [CounterRealtime] })
class CounterModule {}

export async function startServer(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(CounterModule, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(port);
  return app;
}
