import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOSE_CODES } from '@statewire/protocol';
import { Subject, type Observable } from 'rxjs';

import type { Broadcast, Broker } from './core/broker.js';
import { GuardedObservable } from './core/guarded-observable.js';
import { ConnectionHub } from './websocket/connection-hub.js';
import type { ResolvedRealtimeOptions } from './core/options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from './core/tokens.js';
import type { RealtimeSwitch } from './core/lifecycle.js';
import type { RealtimeLog } from './core/realtime-log.js';

const SWITCH = 'statewire:switch';

/** Begins as the option `enabled` says, and changes on every node at once. */
@Injectable()
export class ClusterSwitch implements RealtimeSwitch, OnApplicationShutdown {
  private on: boolean;
  private readonly turns = new Subject<boolean>();

  readonly changes: Observable<boolean>;

  constructor(
    private readonly hub: ConnectionHub,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_OPTIONS) options: ResolvedRealtimeOptions,
    @Inject(REALTIME_LOG) log: RealtimeLog,
  ) {
    this.changes = new GuardedObservable(this.turns, (error) => {
      log.error('subscriber-failed', error, { reason: 'switch' });
    });
    this.on = options.enabled;
    broker.onBroadcast((message) => this.receive(message));
  }

  get enabled(): boolean {
    return this.on;
  }

  async set(enabled: boolean): Promise<void> {
    await this.broker.broadcast({ type: SWITCH, payload: enabled });
  }

  onApplicationShutdown(): void {
    this.turns.complete();
  }

  private receive({ type, payload }: Broadcast): void {
    if (type !== SWITCH || typeof payload !== 'boolean' || payload === this.on) return;
    this.on = payload;
    if (!payload) this.hub.closeAll(CLOSE_CODES.switchedOff);
    this.turns.next(payload);
  }
}
