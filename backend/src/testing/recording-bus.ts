import type { HeldTopicLease, RealtimeBus, RealtimeLeases, TransactionOptions } from '@statewire/nest';
import type { Position, TopicReference } from '@statewire/protocol';

/** A bus that records publications instead of sending them. */
export class RecordingBus implements Pick<RealtimeBus, 'publish' | 'close'> {
  readonly #values = new Map<string, unknown[]>();
  readonly closed: string[] = [];

  publish<Value>(topic: TopicReference<Value>, value: Value): Promise<Position>;
  publish<Value>(topic: TopicReference<Value>, value: Value, options: TransactionOptions): Promise<void>;
  publish<Value>({ name }: TopicReference<Value>, value: Value): Promise<Position | void> {
    const values = this.#values.get(name) ?? [];
    values.push(value);
    this.#values.set(name, values);
    return Promise.resolve({ epoch: 'e', offset: values.length });
  }

  close({ name }: TopicReference): Promise<void> {
    this.closed.push(name);
    return Promise.resolve();
  }

  /** Returns the publications of a topic, oldest first. */
  published<Value>({ name }: TopicReference<Value>): readonly Value[] {
    return (this.#values.get(name) ?? []) as Value[];
  }
}

/** Leases that are granted at once. Their publications go to the bus. */
export function grantedLeases(bus: Pick<RealtimeBus, 'publish'>): RealtimeLeases {
  const hold = <Value>(
    topic: TopicReference<Value>,
    work: (lease: HeldTopicLease<Value>) => Promise<void>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> =>
    work({
      ...{ token: 1, signal, value: undefined, onRequest: () => undefined },
      publish: (value) => bus.publish(topic, value),
    });
  return { hold } as unknown as RealtimeLeases;
}
