import type { EventDelivery, RealtimeClient } from '@statewire/client';
import type { Since, TopicReference } from '@statewire/protocol';
import type { Subscription } from 'rxjs';

import type { VirtualTimeWaiter } from './virtual-time-waiter.js';

/** The events of one topic that a client has received. */
export class EventWatch<T> {
  /** Every delivery so far: events, and `lost` for a gap that the history did not cover. */
  readonly deliveries: EventDelivery<T>[] = [];
  /** The error that ended the topic; undefined while it goes on. */
  error: unknown;
  private readonly subscription: Subscription;

  /** @internal */
  constructor(
    client: RealtimeClient,
    private readonly topic: TopicReference<T, 'events'>,
    private readonly waiter: VirtualTimeWaiter,
    options: { readonly since?: Since },
  ) {
    this.subscription = client.deliveries(topic, options).subscribe({
      next: (delivery) => this.deliveries.push(delivery),
      error: (error: unknown) => (this.error = error),
    });
  }

  /** The events so far, in order. */
  get events(): readonly T[] {
    return this.deliveries.flatMap((delivery) => (delivery.type === 'event' ? [delivery.data] : []));
  }

  /**
   * Lets time pass until this many events have arrived.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   */
  async count(events: number, within?: number): Promise<void> {
    await this.waiter.until(() => this.events.length >= events, {
      ...(within !== undefined && { within }),
      what: () => `${events} events of ${this.topic.name}; ${this.events.length} have arrived`,
    });
  }

  /** Unsubscribes from the topic. */
  stop(): void {
    this.subscription.unsubscribe();
  }
}
