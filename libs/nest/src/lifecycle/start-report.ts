import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

import type { Broker } from '../core/broker.js';
import type { Timer } from '../core/environment.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { RealtimeLog } from '../core/realtime-log.js';

/** Milliseconds after the start within which `enableShutdownHooks()` may still be called. */
const HOOKS_GRACE = 1_000;

/** Says in one line what was started, and warns about what will be regretted. */
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
      heartbeat: heartbeat.interval,
      frameBytes: limits.frameBytes,
      framesPerSecond: limits.framesPerSecond,
      subscriptions: limits.subscriptions,
      connectionsPerUser: limits.connectionsPerUser,
      connectionsPerAddress: limits.connectionsPerAddress,
    });
    this.timer = environment.setTimer(() => this.checkShutdownHooks(), HOOKS_GRACE);
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
  }

  private origins(): string {
    if (this.options.allowAnyOrigin) return 'any';
    return this.options.allowedOrigins?.join(',') ?? 'same-host';
  }

  /** Asks the process and not Nest, because whoever handles the signal in another way is as well prepared. */
  private checkShutdownHooks(): void {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.log.warn('no-shutdown-hooks', {
      advice: 'SIGTERM ends this process at once, without a drain: call app.enableShutdownHooks() in main.ts',
    });
  }
}
