import type { Broker, NewPublication, TopicMessage } from '@statewire/nest';

/** Two nodes of one cluster. An in-process broker may return the same object twice. */
export interface BrokerSetup {
  /** The brokers of the two nodes. */
  readonly nodes: readonly [Broker, Broker];
  /** Errors that listeners threw and the broker logged. */
  readonly loggedErrors: readonly unknown[];
  /** Publications kept per topic. */
  readonly historyCount: number;
  /** Bytes kept per topic. */
  readonly historyBytes: number;
  /** Milliseconds for which the broker keeps publications. */
  readonly historyAge: number;
  /** Lets `duration` milliseconds pass, also by the clock of the broker. */
  advance(duration: number): Promise<void>;
  /** Resolves when every message has arrived at every node. */
  settle(): Promise<void>;
  /** Ends both nodes and removes everything that the cluster keeps. */
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
