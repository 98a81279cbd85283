import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';

import type { Broadcast, Broker } from './broker.js';
import { GuardedObservable } from './guarded-observable.js';
import type { ResolvedRealtimeOptions } from './options.js';
import type { RealtimeLog } from './realtime-log.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from './tokens.js';

const SWITCH = 'statewire:switch';

/**
 * Switches the WebSocket off and on while the application runs. HTTP polling goes on while it is off. Starts as the
 * option `enabled` says.
 *
 * @example constructor(private readonly realtimeSwitch: RealtimeSwitch) {}
 */
@Injectable()
export class RealtimeSwitch implements OnApplicationShutdown {
  /** Emits the new state after each change, on every node. */
  readonly changes: Observable<boolean>;

  private on: boolean;
  private readonly turns = new Subject<boolean>();

  /** @internal Nest creates the instance. */
  constructor(
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_OPTIONS) options: Pick<ResolvedRealtimeOptions, 'enabled'>,
    @Inject(REALTIME_LOG) log: RealtimeLog,
  ) {
    this.changes = new GuardedObservable(this.turns, (error) => {
      log.error('subscriber-failed', error, { reason: 'switch' });
    });
    this.on = options.enabled;
    broker.onBroadcast((message) => this.receive(message));
  }

  /** Whether this node accepts WebSocket connections. */
  get enabled(): boolean {
    return this.on;
  }

  /**
   * Switches every node. Off: connected clients move to polling (close code 4203), and come back when it is on again.
   */
  async set(enabled: boolean): Promise<void> {
    await this.broker.broadcast({ type: SWITCH, payload: enabled });
  }

  /** Called by Nest. Completes {@link changes}. */
  onApplicationShutdown(): void {
    this.turns.complete();
  }

  private receive({ type, payload }: Broadcast): void {
    if (type !== SWITCH || typeof payload !== 'boolean' || payload === this.on) return;
    this.on = payload;
    this.turns.next(payload);
  }
}
