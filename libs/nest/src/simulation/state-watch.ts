import type { RealtimeClient, TopicState } from '@statewire/client';
import type { Position, TopicReference } from '@statewire/protocol';
import type { Subscription } from 'rxjs';

import type { Pass } from './pass.js';

/** What a page shows of one state topic, and everything it has shown. */
export class StateWatch<T> {
  /** Every state so far. */
  readonly states: TopicState<T>[] = [];
  private readonly subscription: Subscription;

  /** @internal */
  constructor(
    client: RealtimeClient,
    private readonly topic: TopicReference<T, 'state'>,
    private readonly pass: Pass,
  ) {
    this.subscription = client.topic(topic).subscribe((state) => this.states.push(state));
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

  /** Lets time pass until the value is the current one. */
  async live(within?: number): Promise<void> {
    await this.until((state) => state.freshness.state === 'live' && state.position !== undefined, 'be live', within);
  }

  /**
   * Lets time pass until what is shown fits.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says what is shown instead.
   */
  async shows(fits: (value: T) => boolean, within?: number): Promise<void> {
    await this.until((state) => state.value !== undefined && fits(state.value), 'show what is expected', within);
  }

  /** Leaves the topic. */
  stop(): void {
    this.subscription.unsubscribe();
  }

  private async until(fits: (state: TopicState<T>) => boolean, what: string, within?: number): Promise<void> {
    await this.pass.until(() => this.state !== undefined && fits(this.state), {
      ...(within !== undefined && { within }),
      what: () => `${this.topic.name} to ${what}; it is ${JSON.stringify(this.state)}`,
    });
  }
}
