import { Controller, Get, Module, ServiceUnavailableException, type DynamicModule } from '@nestjs/common';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeHandlers,
  RealtimeModule,
  DrainState,
  type RealtimeModuleOptions,
} from '@statewire/nest';

import { block, field, log, work, type Work } from './contract.js';
import { World, WORLD_OPTIONS, type WorldOptions } from './world.js';

@RealtimeHandlers()
class BusyHandlers {
  constructor(private readonly world: World) {}

  @OnTopic(field)
  field(): void {}

  @OnTopic(log)
  log(): void {}

  @OnAction(work)
  work(@ActionData() data: unknown): Promise<string> {
    return this.world.work(data as Work);
  }

  @OnAction(block)
  block(@ActionData() data: unknown): void {
    const { milliseconds } = data as { readonly milliseconds: number };
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  }
}

@Controller('ready')
class ReadinessController {
  constructor(private readonly drain: DrainState) {}

  @Get()
  ready(): void {
    if (this.drain.draining) throw new ServiceUnavailableException();
  }
}

@Module({})
export class BusyModule {
  static forRoot(world: WorldOptions, realtime: RealtimeModuleOptions = {}): DynamicModule {
    const { limits, ...rest } = realtime;
    const options: RealtimeModuleOptions = {
      drain: { windowMs: 0 },
      polling: { intervalMs: 100 },
      ...rest,
      limits: { ...limits, connections: { perAddress: 0, pendingPerAddress: 0, ...limits?.connections } },
    };
    return {
      module: BusyModule,
      imports: [RealtimeModule.forRoot(options)],
      controllers: [ReadinessController],
      providers: [World, BusyHandlers, { provide: WORLD_OPTIONS, useValue: world }],
    };
  }
}
