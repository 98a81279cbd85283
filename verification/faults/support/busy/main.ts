import { Logger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RealtimeConnections,
  RealtimeMetrics,
  type Environment,
  type MetricsSnapshot,
  type RealtimeModuleOptions,
} from '@statewire/nest';
import { systemEnvironment } from '@statewire/nest/internal';
import type { Position } from '@statewire/protocol';

import { serve } from '../remote.js';
import { BusyModule } from './busy-module.js';
import { holdingsOf, objectsInUse, type Holdings } from './holdings.js';
import { SharedClaims } from './shared-claims.js';
import { World, type WorldOptions } from './world.js';

/** The JSON in `BUSY_OPTIONS`. */
export interface BusyOptions {
  readonly world: WorldOptions;
  readonly realtime?: RealtimeModuleOptions;
  /** Default: the loopback interface. */
  readonly host?: string;
  /** Folder with the action answers of several servers. Default: each server keeps its own. */
  readonly claims?: string;
  /** Factor for the speed of the module's clock and timers. Default 1. */
  readonly clockFactor?: number;
}

export interface Load {
  readonly connections: number;
  /** Pieces of work that wait for their release. */
  readonly waiting: number;
}

/** Milliseconds between two looks at the number of connections. */
const LOAD_PERIOD_MS = 20;

/** For tests that have the server in another process. */
export class BusyControl {
  private readonly world: World;

  constructor(private readonly app: INestApplication) {
    this.world = app.get(World);
  }

  load(): Load {
    return { connections: this.app.get(RealtimeConnections).list().length, waiting: this.world.waiting };
  }

  /** Stops all publications and returns the position of each topic. */
  async stopPublishing(): Promise<readonly (readonly [string, Position])[]> {
    this.world.stopPublishing();
    await this.world.publish();
    return [...this.world.tops];
  }

  /** Publishes again. */
  startPublishing(): void {
    this.world.startPublishing();
  }

  release(): void {
    this.world.release();
  }

  /** Ends the work that waits as soon as no more than this number of connections is left. */
  releaseAt(connections: number): void {
    const timer = setInterval(() => {
      if (this.load().connections > connections) return;
      clearInterval(timer);
      this.world.release();
    }, LOAD_PERIOD_MS);
  }

  holdings(): Holdings {
    return holdingsOf(this.app);
  }

  objects(): number {
    return objectsInUse();
  }

  metrics(): MetricsSnapshot {
    return this.app.get(RealtimeMetrics).snapshot();
  }
}

function fasterEnvironment(factor: number): Partial<Environment> {
  return {
    now: () => systemEnvironment.now() * factor,
    monotonic: () => systemEnvironment.monotonic() * factor,
    setTimer: (callback, delay) => systemEnvironment.setTimer(callback, delay / factor),
  };
}

if (process.argv[1] === import.meta.filename) {
  const options = JSON.parse(process.env.BUSY_OPTIONS ?? '{}') as BusyOptions;
  const { world, claims, clockFactor, host = '127.0.0.1' } = options;
  const realtime = {
    ...options.realtime,
    ...(claims !== undefined && { broker: new SharedClaims(claims) }),
    ...(clockFactor !== undefined && { environment: fasterEnvironment(clockFactor) }),
  };
  const app = await NestFactory.create(BusyModule.forRoot(world, realtime), {
    logger: ['error', 'warn', 'log', 'debug'],
  });
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(0, host);
  await app.get(World).begin();
  serve(new BusyControl(app));
  new Logger('Busy').log(`Listening on ${await app.getUrl()}`);
}
