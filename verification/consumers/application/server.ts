import 'reflect-metadata';

import { Injectable, Module, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeExecutionContext,
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

/** Rejects everybody except for Ada. */
@Injectable()
class AdaGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return RealtimeExecutionContext.create(context).getRequest().user === 'ada';
  }
}

@RealtimeHandlers()
@UseGuards(AdaGuard)
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

@Module({
  imports: [
    RealtimeModule.forRoot({
      authenticate: (_request, token) => (token === undefined ? undefined : { id: token, user: token }),
    }),
  ],
  providers: [CounterRealtime],
})
export class CounterModule {}
