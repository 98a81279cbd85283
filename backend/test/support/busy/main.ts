import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RealtimeConnections, type RealtimeModuleOptions } from '@statewire/nest';
import type { Position } from '@statewire/protocol';

import { serve } from '../remote.js';
import { BusyModule } from './busy-module.js';
import { footprint, type Footprint } from './footprint.js';
import { SharedClaims } from './shared-claims.js';
import { World, type WorldOptions } from './world.js';

/** What a test puts into `BUSY_OPTIONS`, as JSON. */
export interface BusyOptions {
  readonly world: WorldOptions;
  readonly realtime?: RealtimeModuleOptions;
  /** Default: the loopback interface. */
  readonly host?: string;
  /** Folder in which several servers remember actions together. Default: each remembers its own. */
  readonly claims?: string;
}

/** For tests that have the server in another process. */
export class BusyControl {
  constructor(
    private readonly world: World,
    private readonly connections: RealtimeConnections,
  ) {}

  load(): { readonly connections: number; readonly working: number } {
    return { connections: this.connections.list().length, working: this.world.working };
  }

  /** Nothing moves any more; where each topic is then. */
  async rest(): Promise<readonly (readonly [string, Position])[]> {
    this.world.rest();
    await this.world.publish();
    return [...this.world.tops];
  }

  footprint(): Footprint {
    return footprint();
  }
}

if (process.argv[1] === import.meta.filename) {
  const options = JSON.parse(process.env.BUSY_OPTIONS ?? '{}') as BusyOptions;
  const { world, claims, host = '127.0.0.1' } = options;
  const realtime = { ...options.realtime, ...(claims !== undefined && { broker: new SharedClaims(claims) }) };
  const app = await NestFactory.create(BusyModule.forRoot(world, realtime), {
    logger: ['error', 'warn', 'log', 'debug'],
  });
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(0, host);
  await app.get(World).begin();
  serve(new BusyControl(app.get(World), app.get(RealtimeConnections)));
  new Logger('Busy').log(`Listening on ${await app.getUrl()}`);
}
