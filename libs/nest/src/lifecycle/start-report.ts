import { Inject, Injectable, Optional, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { Broker } from '../core/broker.js';
import { BrokerState } from '../core/broker-state.js';
import type { Timer } from '../core/environment.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { RealtimeLog } from '../core/realtime-log.js';
import { hasHttpServer } from '../core/http-server.js';
import { onHandlersDeclared, takeUnprovided } from '../handlers/decorators.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';

/**
 * Milliseconds after the start in which the application may still call `enableShutdownHooks()` or start another one.
 */
const CHECK_AFTER_MS = 1_000;

const NO_SERVER =
  'The application has no HTTP server, so it serves no client, and with the memory broker its publications reach no other ' +
  'process. Import RealtimeModule into the application that calls NestFactory.create(), or use a shared broker and ' +
  'RealtimePublisherModule.';

const NOT_PROVIDED =
  'Nobody answers the topics and actions of this class. Add it to `providers` of a module that the application imports at ' +
  'start. Modules that are loaded lazily come too late.';

const NO_HANDLERS =
  'The server answers no topic and no action. Add the classes with @RealtimeHandlers() to `providers` of a module that the ' +
  'application imports.';

/** Logs one line with the options at start, and warnings if a deploy would cut every client or handlers are missing. */
@Injectable()
export class StartReport implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: Timer | undefined;
  private isChecked = false;
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
    @Optional() private readonly adapterHost?: HttpAdapterHost,
    @Optional() private readonly handlers?: HandlerRegistry,
    @Optional() private readonly brokerState?: BrokerState,
  ) {}

  onApplicationBootstrap(): void {
    const { path, httpPath, httpPublish, enabled, limits, heartbeat, drain, environment } = this.options;
    const isServed = !this.adapterHost || hasHttpServer(this.adapterHost);
    this.log.info('realtime-started', {
      webSocket: isServed && enabled ? path : 'off',
      http: isServed ? httpPath : 'off',
      publish: isServed && httpPublish.tokens.length > 0 ? `${httpPath}/publish` : undefined,
      origins: this.origins(),
      broker: this.broker.name,
      brokerAwayMs: this.brokerState?.awaySince === undefined ? undefined : this.brokerState.awayMs,
      heartbeat: heartbeat.intervalMs,
      frameBytes: limits.frames.bytes,
      framesPerSecond: limits.frames.perSecond,
      subscriptions: limits.connections.subscriptions,
      connectionsPerUser: limits.connections.perUser,
      connectionsPerAddress: limits.connections.perAddress,
      drain: drain.windowMs,
    });
    if (!isServed && !this.broker.isShared) this.log.warn('no-http-server', { advice: NO_SERVER });
    const check = (): void => {
      this.timer?.cancel();
      this.timer = environment.setTimer(() => this.check(isServed), CHECK_AFTER_MS);
    };
    check();
    this.stopListening = onHandlersDeclared(check);
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
    this.stopListening?.();
  }

  private check(isServed: boolean): void {
    const unprovided = takeUnprovided();
    for (const name of unprovided) this.log.warn('handlers-not-provided', { reason: name, advice: NOT_PROVIDED });
    if (isServed && !this.isChecked) {
      this.checkShutdownHooks();
      if (unprovided.length === 0) this.checkHandlers();
    }
    this.isChecked = true;
  }

  private origins(): string {
    if (this.options.allowAnyOrigin) return 'any';
    return this.options.allowedOrigins?.join(',') ?? 'same-host';
  }

  /** An application with a shared broker may have its handlers in another process. */
  private checkHandlers(): void {
    if (this.handlers?.isEmpty && !this.broker.isShared) this.log.warn('no-handlers', { advice: NO_HANDLERS });
  }

  /** Asks the process and not Nest, because an application may handle the signal in another way. */
  private checkShutdownHooks(): void {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.log.warn('no-shutdown-hooks', {
      advice: 'SIGTERM ends this process at once, without a drain: call app.enableShutdownHooks() in main.ts',
    });
  }
}
