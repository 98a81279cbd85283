import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RealtimeModuleOptions } from '@statewire/nest';

import { BusyModule } from './busy-module.js';
import { World, type WorldOptions } from './world.js';

/** What a test puts into `BUSY_OPTIONS`, as JSON. */
export interface BusyOptions {
  readonly world: WorldOptions;
  readonly realtime?: RealtimeModuleOptions;
  /** Default: the loopback interface. */
  readonly host?: string;
}

if (process.argv[1] === import.meta.filename) {
  const { world, realtime, host = '127.0.0.1' } = JSON.parse(process.env.BUSY_OPTIONS ?? '{}') as BusyOptions;
  const app = await NestFactory.create(BusyModule.forRoot(world, realtime), {
    logger: ['error', 'warn', 'log', 'debug'],
  });
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(0, host);
  await app.get(World).begin();
  new Logger('Busy').log(`Listening on ${await app.getUrl()}`);
}
