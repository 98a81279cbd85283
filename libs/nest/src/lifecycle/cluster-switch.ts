import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOSE_CODES } from '@statewire/protocol';
import { Subject, type Observable } from 'rxjs';

import type { Broadcast, Broker } from '../broker/broker.js';
import { GuardedObservable } from '../common/guarded-observable.js';
import { ConnectionHub } from '../connection/connection-hub.js';
import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../module/tokens.js';
import type { RealtimeSwitch } from './lifecycle.js';
import type { RealtimeLog } from './realtime-log.js';

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
