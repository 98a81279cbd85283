import type { AddressInfo, Server } from 'node:net';

import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  OnTopic,
  RealtimeBus,
  RealtimeConnections,
  RealtimeHandlers,
  RealtimeModule,
  type RealtimeModuleOptions,
} from '@statewire/nest';
import { stateTopic, type Position } from '@statewire/protocol';

export interface Moving {
  readonly tick: number;
  readonly heroes: readonly { readonly name: string; readonly hp: number }[];
}

export const moving = stateTopic<Moving>()('moving');

/** Milliseconds between two values. */
const PERIOD = 100;

@RealtimeHandlers()
class MovingHandlers {
  @OnTopic(moving)
  load(): void {}
}

/** A server with one value that changes ten times per second. It records the value at every position. */
export class MovingServer {
  readonly #truth = new Map<string, Moving>();
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;
  #top: Position = { epoch: '', offset: 0 };

  private constructor(
    readonly app: INestApplication,
    /** Every line that was logged. */
    readonly log: readonly string[],
  ) {}

  static async start(realtime: RealtimeModuleOptions = {}): Promise<MovingServer> {
    const log: string[] = [];
    const write = (...values: unknown[]): void => void log.push(values.map(String).join(' '));
    const options = { drain: { windowMs: 0 }, polling: { intervalMs: 100 }, ...realtime };

    @Module({ imports: [RealtimeModule.forRoot(options)], providers: [MovingHandlers] })
    class MovingModule {}

    const logger = { log: write, error: write, warn: write, debug: write, verbose: write };
    const app = await NestFactory.create(MovingModule, { logger, abortOnError: false });
    const server = new MovingServer(app, log);
    await app.listen(0, '127.0.0.1');
    await server.publish();
    return server;
  }

  get port(): number {
    return ((this.app.getHttpServer() as Server).address() as AddressInfo).port;
  }

  get connections(): RealtimeConnections {
    return this.app.get(RealtimeConnections);
  }

  /** The position of the newest value. */
  get top(): Position {
    return this.#top;
  }

  /** The value at a position; undefined if there was none. */
  at({ epoch, offset }: Position): Moving | undefined {
    return this.#truth.get(`${epoch}:${offset}`);
  }

  startPublishing(): void {
    this.#timer = setInterval(() => void this.publish(), PERIOD);
  }

  stopPublishing(): void {
    clearInterval(this.#timer);
  }

  async publish(): Promise<void> {
    const tick = (this.#tick += 1);
    const heroes = ['Ann', 'Bob', 'Cid'].map((name, i) => ({ name, hp: 1_000 - ((tick * (i + 3)) % 997) }));
    const value = { tick, heroes };
    this.#top = await this.app.get(RealtimeBus).publish(moving.with(), value);
    this.#truth.set(`${this.#top.epoch}:${this.#top.offset}`, value);
  }

  async stop(): Promise<void> {
    this.stopPublishing();
    await this.app.close();
  }
}
