import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';

import type { Broker } from './core/broker.js';
import { GuardedObservable } from './core/guarded-observable.js';
import type { ResolvedRealtimeOptions } from './core/options.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from './core/tokens.js';
import type { WebSocketSwitch } from './core/websocket-switch.js';
import { InternalTopic } from './topics/internal-topic.js';

/**
 * Switches the WebSocket off and on while the application runs. HTTP polling goes on while it is off. Starts as the
 * option `enabled` says, unless other nodes run: a node that starts later takes over the state that was set before.
 *
 * @example constructor(private readonly realtimeSwitch: RealtimeSwitch) {}
 */
@Injectable()
export class RealtimeSwitch implements WebSocketSwitch, OnModuleInit, OnApplicationShutdown {
  /** Emits the new state after each change, on every node. */
  readonly changes: Observable<boolean>;

  private on: boolean;
  private readonly turns = new Subject<boolean>();
  private readonly topic: InternalTopic;

  /** @internal Nest creates the instance. */
  constructor(
    @Inject(BROKER) broker: Broker,
    @Inject(REALTIME_OPTIONS) { enabled, environment }: Pick<ResolvedRealtimeOptions, 'enabled' | 'environment'>,
    @Inject(REALTIME_LOG) log: RealtimeLog,
  ) {
    this.changes = new GuardedObservable(this.turns, (error) => {
      log.error('subscriber-failed', error, { reason: 'switch' });
    });
    this.on = enabled;
    this.topic = new InternalTopic({
      ...{ name: 'statewire:switch', kind: 'state', broker, environment, log },
      onValue: (value) => {
        if (typeof value === 'boolean') this.turn(value);
      },
    });
  }

  /** Whether this node accepts WebSocket connections. */
  get enabled(): boolean {
    return this.on;
  }

  /**
   * Switches every node. Off: connected clients move to polling (close code 4203), and come back when it is on again.
   * Resolves when this node has switched. A node that is cut off from the broker switches when it is back, and a node
   * that starts later starts in this state.
   *
   * @throws (rejects) BrokerError `unavailable` if the broker is out of reach for 5 s. Nodes may still switch when it is
   * back.
   */
  async set(enabled: boolean): Promise<void> {
    await this.topic.publish(enabled);
  }

  /** Called by Nest. Learns the state before the server accepts the first client. */
  async onModuleInit(): Promise<void> {
    await this.topic.open();
  }

  /** Called by Nest. Completes {@link changes}. */
  async onApplicationShutdown(): Promise<void> {
    this.turns.complete();
    await this.topic.close();
  }

  private turn(enabled: boolean): void {
    if (enabled === this.on) return;
    this.on = enabled;
    this.turns.next(enabled);
  }
}
