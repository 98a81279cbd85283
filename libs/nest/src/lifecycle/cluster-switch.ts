import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOSE_CODES } from '@statewire/protocol';
import { Subject, type Observable } from 'rxjs';

import type { Broadcast, Broker } from '../broker/broker.js';
import { ConnectionHub } from '../connection/connection-hub.js';
import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';
import { BROKER, REALTIME_OPTIONS } from '../module/tokens.js';
import type { RealtimeSwitch } from './lifecycle.js';

const SWITCH = 'statewire:switch';

/** Begins as the option `enabled` says, and changes on every node at once. */
@Injectable()
export class ClusterSwitch implements RealtimeSwitch, OnApplicationShutdown {
  private on: boolean;
  private readonly turns = new Subject<boolean>();

  readonly changes: Observable<boolean> = this.turns.asObservable();

  constructor(
    private readonly hub: ConnectionHub,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_OPTIONS) options: ResolvedRealtimeOptions,
  ) {
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
