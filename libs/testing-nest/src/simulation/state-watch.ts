import type { ConnectionStatus, RealtimeClient, TopicState } from '@statewire/client';
import type { Position, TopicReference } from '@statewire/protocol';
import type { Subscription } from 'rxjs';

import type { VirtualTimeWaiter } from './virtual-time-waiter.js';
import { statusText } from './status-text.js';

/** The parts of a client that a watch uses. */
interface WatchedClient {
  readonly status: ConnectionStatus;
  /** Whether the running server has the connection of the client. */
  readonly isServed: boolean;
  /** @throws Error if the client is denied or closed, so that waiting is useless. */
  throwIfEnded(what: string): void;
}

/** The states of one topic that a client has shown. */
export class StateWatch<T> {
  /** Every state so far, in order. */
  readonly states: TopicState<T>[] = [];
  private readonly subscription: Subscription;

  /** @internal */
  constructor(
    realtime: RealtimeClient,
    private readonly topic: TopicReference<T, 'state'>,
    private readonly waiter: VirtualTimeWaiter,
    private readonly client: WatchedClient,
  ) {
    this.subscription = realtime.topic(topic).subscribe((state) => this.states.push(state));
  }

  /** The current state; undefined before the first one. */
  get state(): TopicState<T> | undefined {
    return this.states.at(-1);
  }

  /** The current value; undefined before the first one. */
  get value(): T | undefined {
    return this.state?.value;
  }

  /** The position of the current value. */
  get position(): Position | undefined {
    return this.state?.position;
  }

  /**
   * Lets time pass until the value is live on the running server. A value does not count while the client has not yet
   * noticed that its connection, its server or its token has ended.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that names the current state; at once if the client is denied or closed.
   */
  async live(within?: number): Promise<void> {
    const isLive = (): boolean => {
      this.client.throwIfEnded(`${this.topic.name} to be live`);
      return this.state?.freshness.state === 'live' && this.position !== undefined && this.client.isServed;
    };
    await this.until(isLive, 'be live', within);
  }

  /**
   * Lets time pass until the value satisfies a condition.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that names the current state.
   */
  async shows(fits: (value: T) => boolean, within?: number): Promise<void> {
    const isShown = (): boolean => this.value !== undefined && fits(this.value);
    await this.until(isShown, 'have the expected value', within);
  }

  /** Unsubscribes from the topic. */
  stop(): void {
    this.subscription.unsubscribe();
  }

  private async until(condition: () => boolean, what: string, within?: number): Promise<void> {
    await this.waiter.until(condition, {
      ...(within !== undefined && { within }),
      what: () =>
        `${this.topic.name} to ${what}; it is ${JSON.stringify(this.state)}; its client is ${statusText(this.client.status)}`,
    });
  }
}
