import type { EventDelivery, RealtimeClient } from '@statewire/client';
import type { Since, TopicReference } from '@statewire/protocol';
import type { Subscription } from 'rxjs';

import type { Pass } from './pass.js';

/** What a page was told on one event topic. */
export class EventWatch<T> {
  /** Every delivery so far: events, and `lost` where there is a gap that history did not reach. */
  readonly deliveries: EventDelivery<T>[] = [];
  /** What ended it: the topic was refused, unknown or closed. */
  error: unknown;
  private readonly subscription: Subscription;

  /** @internal */
  constructor(
    client: RealtimeClient,
    private readonly topic: TopicReference<T, 'events'>,
    private readonly pass: Pass,
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

  /** Lets time pass until so many events have come. */
  async count(events: number, within?: number): Promise<void> {
    await this.pass.until(() => this.events.length >= events, {
      ...(within !== undefined && { within }),
      what: () => `${events} events of ${this.topic.name}; there were ${this.events.length}`,
    });
  }

  /** Leaves the topic. */
  stop(): void {
    this.subscription.unsubscribe();
  }
}
