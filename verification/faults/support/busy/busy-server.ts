import type { AddressInfo, Server } from 'node:net';

import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RealtimeConnections, type RealtimeModuleOptions } from '@statewire/nest';

import { BusyModule } from './busy-module.js';
import { World, type WorldOptions } from './world.js';

/** A server of many moving topics, in the process of the test. */
export class BusyServer {
  private constructor(
    readonly app: INestApplication,
    readonly world: World,
    /** Every warning and error that was logged. */
    readonly complaints: readonly string[],
  ) {}

  static async start(world: WorldOptions, realtime?: RealtimeModuleOptions): Promise<BusyServer> {
    const complaints: string[] = [];
    const write = (...values: unknown[]): void => void complaints.push(values.map(String).join(' '));
    const ignore = (): void => undefined;
    const logger = { log: ignore, debug: ignore, verbose: ignore, warn: write, error: write };
    const app = await NestFactory.create(BusyModule.forRoot(world, realtime), { logger, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const server = new BusyServer(app, app.get(World), complaints);
    await server.world.begin();
    return server;
  }

  get port(): number {
    return ((this.app.getHttpServer() as Server).address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get connections(): RealtimeConnections {
    return this.app.get(RealtimeConnections);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}
