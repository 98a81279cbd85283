import type { ConnectionStatus, RealtimeClient, TopicState } from '@statewire/client';
import type { Position, TopicReference } from '@statewire/protocol';
import type { Subscription } from 'rxjs';

import type { Pass } from './pass.js';
import { statusText } from './status-text.js';

/** What a page knows of the client it belongs to. */
interface WatchingClient {
  readonly status: ConnectionStatus;
  /** Whether the running server knows the connection that the client takes itself to have. */
  readonly isServed: boolean;
  /** @throws Error where it was denied or closed, and nothing will come of waiting. */
  refuseInVain(what: string): void;
}

/** What a page shows of one state topic, and everything it has shown. */
export class StateWatch<T> {
  /** Every state so far. */
  readonly states: TopicState<T>[] = [];
  private readonly subscription: Subscription;

  /** @internal */
  constructor(
    realtime: RealtimeClient,
    private readonly topic: TopicReference<T, 'state'>,
    private readonly pass: Pass,
    private readonly client: WatchingClient,
  ) {
    this.subscription = realtime.topic(topic).subscribe((state) => this.states.push(state));
  }

  get state(): TopicState<T> | undefined {
    return this.states.at(-1);
  }

  /** What is shown now; undefined before the first value. */
  get value(): T | undefined {
    return this.state?.value;
  }

  get position(): Position | undefined {
    return this.state?.position;
  }

  /**
   * Lets time pass until the value is the current one of the server that runs. What a client shows that has not yet heard
   * that its connection, its server or its token has ended does not count.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says what is shown instead; at once where the client is denied or closed.
   */
  async live(within?: number): Promise<void> {
    const isLive = (): boolean => {
      this.client.refuseInVain(`${this.topic.name} to be live`);
      return this.state?.freshness.state === 'live' && this.position !== undefined && this.client.isServed;
    };
    await this.until(isLive, 'be live', within);
  }

  /**
   * Lets time pass until what is shown fits.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says what is shown instead.
   */
  async shows(fits: (value: T) => boolean, within?: number): Promise<void> {
    const isShown = (): boolean => this.value !== undefined && fits(this.value);
    await this.until(isShown, 'show what is expected', within);
  }

  /** Leaves the topic. */
  stop(): void {
    this.subscription.unsubscribe();
  }

  private async until(condition: () => boolean, what: string, within?: number): Promise<void> {
    await this.pass.until(condition, {
      ...(within !== undefined && { within }),
      what: () =>
        `${this.topic.name} to ${what}; it is ${JSON.stringify(this.state)}; its client is ${statusText(this.client.status)}`,
    });
  }
}
