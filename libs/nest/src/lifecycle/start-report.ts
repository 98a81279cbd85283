import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

import type { Broker } from '../core/broker.js';
import type { Timer } from '../core/environment.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { RealtimeLog } from '../core/realtime-log.js';

/** Milliseconds after the start in which the application may still call `enableShutdownHooks()`. */
const HOOKS_GRACE_MS = 1_000;

/** Logs one line with the options at start, and a warning if a deploy would cut every client. */
@Injectable()
export class StartReport implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: Timer | undefined;

  constructor(
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {}

  onApplicationBootstrap(): void {
    const { path, httpPath, enabled, limits, heartbeat, environment } = this.options;
    this.log.info('realtime-started', {
      webSocket: enabled ? path : 'off',
      http: httpPath,
      origins: this.origins(),
      broker: this.broker.name,
      heartbeat: heartbeat.intervalMs,
      frameBytes: limits.frames.bytes,
      framesPerSecond: limits.frames.perSecond,
      subscriptions: limits.connections.subscriptions,
      connectionsPerUser: limits.connections.perUser,
      connectionsPerAddress: limits.connections.perAddress,
    });
    this.timer = environment.setTimer(() => this.checkShutdownHooks(), HOOKS_GRACE_MS);
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
  }

  private origins(): string {
    if (this.options.allowAnyOrigin) return 'any';
    return this.options.allowedOrigins?.join(',') ?? 'same-host';
  }

  /** Asks the process and not Nest, because an application may handle the signal in another way. */
  private checkShutdownHooks(): void {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.log.warn('no-shutdown-hooks', {
      advice: 'SIGTERM ends this process at once, without a drain: call app.enableShutdownHooks() in main.ts',
    });
  }
}
