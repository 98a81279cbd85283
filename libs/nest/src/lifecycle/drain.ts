import {
  Inject,
  Injectable,
  Optional,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

import { SERVICE_RESTART } from '../websocket/closing.js';
import { ConnectionHub } from '../websocket/connection-hub.js';
import type { Connection } from '../websocket/connection.js';
import type { Environment, Timer } from '../core/environment.js';
import { hasHttpServer } from '../core/http-server.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { ENVIRONMENT, REALTIME_OPTIONS, BROKER } from '../core/tokens.js';
import { InFlight } from '../core/action-context.js';
import { DrainState } from '../core/drain-state.js';
import type { Broker } from '../core/broker.js';
import { PresenceTracker } from '../presence/presence-tracker.js';
import { TopicRegistry } from '../topics/topic-registry.js';
import { ServerConnections } from './server-connections.js';

/** Milliseconds between two batches, at most. */
const BATCH_PAUSE_MS = 50;
/** All batches go out within this part of the window, so that the last clients have a window too. */
const BATCHES_SHARE = 0.5;
/** Milliseconds after the window for actions in flight, closing handshakes and all other requests. */
const GRACE_MS = 4_000;

/**
 * Drains the node before it shuts down. Sends `drain` to clients in batches; each client reconnects elsewhere at a
 * random moment of the window. After the window, closes the remaining connections with 1012 once their actions have
 * finished. Ends every connection of the HTTP server at the end of the grace period, so that the server closes whatever
 * its clients do.
 *
 * Without a window the clients cannot reach another node in time, so the next process on this machine gets the port at
 * once.
 */
@Injectable()
export class Drain implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private server: ServerConnections | undefined;
  private end: Timer | undefined;

  constructor(
    private readonly hub: ConnectionHub,
    private readonly state: DrainState,
    private readonly inFlight: InFlight,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Optional() private readonly adapterHost?: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const { adapterHost } = this;
    if (!adapterHost || !hasHttpServer(adapterHost)) return;
    this.server = new ServerConnections(adapterHost.httpAdapter.getHttpServer() as Server);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { server } = this;
    const { windowMs } = this.options.drain;
    this.state.begin();
    if (windowMs === 0) server?.stopListening();
    if (server) this.end = this.environment.setTimer(() => server.destroy(), windowMs + GRACE_MS);
    const idle = this.idle();
    const deadline = this.environment.monotonic() + windowMs;
    await this.notify(this.hub.all(), deadline, idle);
    await this.wait(deadline - this.environment.monotonic(), idle);
    for (const connection of this.hub.all()) connection.closeAfterActions(SERVICE_RESTART);
    await this.wait(GRACE_MS, idle);
    for (const connection of this.hub.all()) connection.terminate(SERVICE_RESTART);
    this.state.end();
    server?.endIdle();
  }

  onApplicationShutdown(): void {
    this.end?.cancel();
  }

  /** Resolves when there is no connection and no action. While one of them exists, the other may start again. */
  private async idle(): Promise<void> {
    while (this.hub.size > 0 || !this.inFlight.none) await Promise.all([this.hub.empty(), this.inFlight.idle()]);
  }

  private async notify(connections: readonly Connection[], deadline: number, idle: Promise<unknown>): Promise<void> {
    const { batch, windowMs } = this.options.drain;
    const pause = Math.min(BATCH_PAUSE_MS, (windowMs * BATCHES_SHARE * batch) / connections.length);
    for (let sent = 0; sent < connections.length; sent += batch) {
      if (sent > 0) await this.wait(pause, idle);
      const reconnectWithin = Math.max(0, Math.round(deadline - this.environment.monotonic()));
      for (const connection of connections.slice(sent, sent + batch)) connection.drain(reconnectWithin);
    }
  }

  /** Waits for `delay` milliseconds, or until the node is idle. */
  private wait(delay: number, idle: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.environment.setTimer(resolve, Math.max(0, delay));
      void idle.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** Frees presence, topics and broker after the last connection and the HTTP server have ended. */
@Injectable()
export class Disposal implements OnApplicationShutdown {
  constructor(
    private readonly presence: PresenceTracker,
    private readonly topics: TopicRegistry,
    @Inject(BROKER) private readonly broker: Broker,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    this.presence.dispose();
    await this.topics.dispose();
    await this.broker.dispose();
  }
}
