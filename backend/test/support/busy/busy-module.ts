import { Controller, Get, Inject, Module, Post, ServiceUnavailableException, type DynamicModule } from '@nestjs/common';
import {
  ActionData,
  DRAIN_STATE,
  OnAction,
  OnTopic,
  RealtimeConnections,
  RealtimeHandlers,
  RealtimeModule,
  type DrainState,
  type RealtimeModuleOptions,
} from '@statewire/nest';

import { block, field, log, work, type Work } from './contract.js';
import { footprint, type Footprint } from './footprint.js';
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
    const until = performance.now() + (data as { readonly milliseconds: number }).milliseconds;
    while (performance.now() < until);
  }
}

/** For tests that have the server in another process. */
@Controller('control')
class ControlController {
  constructor(
    private readonly world: World,
    private readonly connections: RealtimeConnections,
    @Inject(DRAIN_STATE) private readonly drain: DrainState,
  ) {}

  @Get('ready')
  ready(): void {
    if (this.drain.draining) throw new ServiceUnavailableException();
  }

  @Get('load')
  load(): { readonly connections: number; readonly working: number } {
    return { connections: this.connections.list().length, working: this.world.working };
  }

  @Post('rest')
  async rest(): Promise<object> {
    this.world.rest();
    await this.world.publish();
    return Object.fromEntries(this.world.tops);
  }

  @Get('footprint')
  footprint(): Footprint {
    return footprint();
  }
}

@Module({})
export class BusyModule {
  static forRoot(world: WorldOptions, realtime: RealtimeModuleOptions = {}): DynamicModule {
    const { limits, ...rest } = realtime;
    const options: RealtimeModuleOptions = {
      drain: { window: 0 },
      polling: { interval: 100 },
      ...rest,
      limits: { connectionsPerAddress: 0, pendingPerAddress: 0, ...limits },
    };
    return {
      module: BusyModule,
      imports: [RealtimeModule.forRoot(options)],
      controllers: [ControlController],
      providers: [World, BusyHandlers, { provide: WORLD_OPTIONS, useValue: world }],
    };
  }
}
