import type { Broker } from '@statewire/nest';

/**
 * Two nodes of a new, empty cluster, and what a test may do to them. Optional members are capabilities: name those that
 * a set-up lacks in {@link BrokerSuiteOptions.without}. All times are in milliseconds.
 */
export interface BrokerSetup {
  /** The brokers of the two nodes. A broker without `separateNodes` may be there twice. */
  readonly nodes: readonly [Broker, Broker];
  /** Errors that listeners threw and the broker logged. */
  readonly loggedErrors: readonly unknown[];
  /** Publications kept per topic. */
  readonly historyCount: number;
  /** Bytes kept per topic. */
  readonly historyBytes: number;
  /** Time for which the broker keeps publications. */
  readonly historyAge: number;
  /**
   * The unit of the short times in the tests: 1 on virtual time. On a real clock, a time that the machine cannot be
   * late by, such as 20.
   */
  readonly tick: number;
  /** Time after which the lease of a node that ended without a word is free. Default 6,000. */
  readonly leaseTtl?: number;
  /** Time after which the cluster counts a silent node as ended. Default 15,000. */
  readonly nodeTimeout?: number;

  /**
   * Factor for the time that the suite waits for what must happen, so that a slow machine changes no result. Default 1, for
   * virtual time.
   */
  readonly patience?: number;
  /** Lets `duration` pass, also by the clock of the broker. */
  advance(duration: number): Promise<void>;
  /** Resolves when every message has arrived at every node. */
  settle(): Promise<void>;
  /** Ends both nodes and removes everything that the cluster keeps. */
  dispose(): Promise<void>;

  /** The nodes are two different brokers with the same data. */
  readonly separateNodes?: true;
  /** Ends a node without a word, as `kill -9` does. */
  crash?(node: Broker): Promise<void>;
  /** Cuts a node off the server, until it calls the function that it returns. The node notices both. */
  interrupt?(node: Broker): Promise<() => Promise<void>>;
  /** Loses the reply of the next call of the node, after the server has run the call. */
  loseReply?(node: Broker): Promise<void>;
  /** Makes the server lose the publications of a topic above the offset, as a promoted replica may. */
  rollBack?(topic: string, offset: number): Promise<void>;
  /** Returns the number of topic messages that a node has received from the server. */
  received?(node: Broker): number;
  /** Returns the keys in the storage that never expire, except for those that the broker means to keep. */
  keysWithoutExpiry?(): Promise<readonly string[]>;
  /** Returns what a node has left behind after `dispose`: sockets, timers, keys, each with a name. */
  leftovers?(node: Broker): Promise<readonly string[]>;
}

/** The parts of a set-up that some brokers cannot have. */
export type BrokerCapability =
  'separateNodes' | 'crash' | 'interrupt' | 'loseReply' | 'rollBack' | 'received' | 'keysWithoutExpiry' | 'leftovers';

/** Options of `describeBroker`. */
export interface BrokerSuiteOptions {
  /** Capabilities that the set-up lacks. Their tests are not defined, and the name of the suite says so. Default: none. */
  readonly without?: readonly BrokerCapability[];
}
