import type { Broker, NewPublication, TopicMessage } from '@statewire/nest';

/** Two nodes of one cluster. An in-process broker may return the same object twice. */
export interface BrokerSetup {
  readonly nodes: readonly [Broker, Broker];
  /** What listeners that threw were logged with. */
  readonly loggedErrors: readonly unknown[];
  /** Publications kept per topic. */
  readonly historyCount: number;
  /** Bytes kept per topic. */
  readonly historyBytes: number;
  /** Milliseconds publications are kept. */
  readonly historyAge: number;
  /** Lets time pass, by the broker's clock too. */
  advance(duration: number): Promise<void>;
  /** Resolves when every message that was sent has arrived everywhere. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** The cluster of the test that runs, and its two nodes by name. */
export interface Cluster {
  setup: BrokerSetup;
  here: Broker;
  there: Broker;
}

export function state(value: unknown, patch?: NewPublication['patch']): NewPublication {
  return { kind: 'state', data: JSON.stringify(value), ...(patch === undefined ? {} : { patch }) };
}

export function event(value: unknown): NewPublication {
  return { kind: 'events', data: JSON.stringify(value) };
}

export function offsets(messages: readonly TopicMessage[]): number[] {
  return messages.flatMap((message) => (message.type === 'publication' ? [message.publication.offset] : []));
}
