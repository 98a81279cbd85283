import type { Json, Position, TopicKind } from '@statewire/protocol';

import type { Environment } from './environment.js';

/** A publication that a broker is to append. Its texts are JSON, so that a broker parses nothing. */
export interface NewPublication {
  /** The kind of the topic in the contract. Of a state topic the broker also keeps the newest value. */
  readonly kind: TopicKind;
  /** The whole value (state) or the event, as JSON. */
  readonly data: string;
  /**
   * State topics: the delta from the value at offset `from` of the epoch. A broker keeps the delta only if it assigns
   * the next position, `from + 1`; otherwise it keeps `data`.
   */
  readonly patch?: { readonly epoch: string; readonly from: number; readonly delta: string };
  /** The parsed `data`. A broker in the process may pass it to listeners; other brokers ignore it. */
  readonly value?: Json;
}

/** A publication as a broker keeps it. */
export interface StoredPublication {
  /** Offset in the epoch. The first publication has offset 1. */
  readonly offset: number;
  /** Milliseconds since the Unix epoch, by the broker's clock. */
  readonly time: number;
  /** Missing if the broker kept only the delta. A publication has `data`, `delta` or both. */
  readonly data?: string;
  /** State topics: turns the value at `offset - 1` into the value at `offset`. */
  readonly delta?: string;
}

/** A publication as listeners receive it, with its whole `data`. */
export interface LivePublication extends StoredPublication {
  /** Epoch of the offset. */
  readonly epoch: string;
  /** The whole value (state) or the event, as JSON. */
  readonly data: string;
  /** The parsed `data`, if the publisher runs in this process. Absent: the node parses `data`. */
  readonly value?: Json;
}

/** A message to the listeners of one topic. All listeners get the messages in the broker's order. */
export type TopicMessage =
  | { readonly type: 'publication'; readonly publication: LivePublication }
  /** The topic has a new history: the broker flushed or recreated it, or its source released it. */
  | { readonly type: 'epoch'; readonly position: Position }
  /** A node closed the topic. No message follows. */
  | { readonly type: 'closed' };

/** A part of the history of one topic. */
export interface TopicHistory {
  /** The current epoch of the topic. */
  readonly epoch: string;
  /** Offset of the newest publication; 0 if there is none. */
  readonly offset: number;
  /** State topics: the value at `offset`, as JSON. Missing before the first publication. */
  readonly data?: string;
  /** Time of the newest publication. */
  readonly time?: number;
  /** Offset of the oldest publication in the history; `offset + 1` if the history is empty. */
  readonly oldest: number;
  /** Publications above the requested offset, ascending and without a gap, up to the requested limit. */
  readonly publications: readonly StoredPublication[];
}

/** The result of a claim for the key of an action. */
export type Claim =
  /** The caller runs the action and must settle it. */
  | { readonly outcome: 'claimed' }
  /** Another caller runs the action now. The promise resolves with the answer when that caller settles the claim. */
  | { readonly outcome: 'running'; readonly answer: Promise<string> }
  /** The action ran before. */
  | { readonly outcome: 'settled'; readonly answer: string }
  /** The key has another fingerprint. */
  | { readonly outcome: 'conflict' }
  /** The node that ran the action ended without an answer, or the client has the answer and the broker forgot it. */
  | { readonly outcome: 'lost' };

/** The exclusive right of one node, until the node releases or loses it. */
export interface Lease {
  /** Name of the lease. */
  readonly name: string;
  /** Resolves when the node loses the lease. */
  readonly lost: Promise<void>;
  /** Gives the lease back, so that another node can take it. */
  release(): Promise<void>;
}

/** A message to every node, the sender included. */
export interface Broadcast {
  /** Name of the kind of message; a receiver ignores kinds that it does not know. */
  readonly type: string;
  /** Content of the message. */
  readonly payload: Json;
}

/** A member of a topic. */
export interface PresenceMember {
  /** Unique in the topic. A member that joins again with the same id replaces the earlier one. */
  readonly id: string;
  /** The info that readers see of the member. */
  readonly info: Json;
}

/** Ends the call that returned it. Further calls do nothing. */
export type Release = () => Promise<void>;

/**
 * Keeps history, positions, claims of actions, leases, broadcasts and presence for one or many nodes. A broker knows no
 * connections and does not read values.
 *
 * Every method is asynchronous and may reject with a `BrokerError`. No method throws synchronously. Topics are names of
 * the protocol; an implementation maps each name to a key of its own.
 */
export interface Broker {
  /** Name in the log line of the start: `memory`, `redis`, … */
  readonly name: string;

  /** Appends a publication. Resolves with its position after the listeners of this node have received it. */
  publish(topic: string, publication: NewPublication): Promise<Position>;

  /**
   * Adds a listener. Resolves when every later publication is certain to reach the listener, in order. The broker logs
   * an error that a listener throws, and other listeners still get the message. A listener that publishes to the topic
   * receives that publication after it returns, so that all listeners see the same order.
   */
  listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release>;

  /**
   * Reads the position, the latest value and the publications above `above`. Omitted: no publications. -1: the whole
   * history. Creates an epoch if the topic has none.
   */
  read(topic: string, kind: TopicKind, options?: { above?: number; limit?: number }): Promise<TopicHistory>;

  /** Starts a new epoch if the current epoch is `expected` (compare and set). Resolves with the current position. */
  replaceEpoch(topic: string, kind: TopicKind, expected: string): Promise<Position>;

  /** Removes the topic. Listeners get `closed` after its last publications. */
  close(topic: string): Promise<void>;

  /**
   * Claims the right to run an action once. `fingerprint` is a digest of its name and data. A claim lives as long as
   * its node, and a settled answer for the window of `settle`. Rejects with `full` instead of forgetting a claim early.
   *
   * @param caller the owner of the claim. A broker with bounded memory gives each caller a quota and rejects with
   * `quota_exceeded` above it, so that one caller cannot block the actions of all. Omitted: the claim belongs to no
   * caller.
   * @param client one of the clients of the caller. It gets a part of the quota, so that it cannot block the others.
   */
  claim(key: string, fingerprint: string, caller?: string, client?: string): Promise<Claim>;
  /** Remembers the answer of a claimed action for `windowMs`. */
  settle(key: string, answer: string, windowMs: number): Promise<void>;
  /**
   * Gives a claim back without an answer, because the server rejected the action before its handler started. Callers
   * that wait for the answer get a `BrokerError` `unclaimed` and may claim the key.
   */
  unclaim(key: string): Promise<void>;
  /**
   * Forgets the answers of settled claims before their window ends, because the clients have them. Ignores keys that
   * are unknown or still running. If it fails, the window ends the claims. For 10 s a claim of a forgotten key is
   * `lost`, because a proxy may deliver a request twice.
   */
  forget(keys: readonly string[]): Promise<void>;

  /** Returns the lease; undefined while another node holds it. */
  lease(name: string): Promise<Lease | undefined>;
  /** Sends a request to the node that holds the lease. Resolves with undefined if no node holds it. */
  request(leaseName: string, message: Json): Promise<Json | undefined>;
  /** Answers the requests to a lease of this node. */
  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release;

  /** Sends a message to every node, including this one. */
  broadcast(message: Broadcast): Promise<void>;
  /** Listens to the broadcasts of all nodes. */
  onBroadcast(listener: (message: Broadcast) => void): Release;

  /** Adds a member to a topic until it leaves or this node ends. */
  join(topic: string, member: PresenceMember): Promise<void>;
  /** Removes a member from a topic. Does nothing if the member is not there. */
  leave(topic: string, memberId: string): Promise<void>;
  /** Returns the members of a topic on all nodes. */
  members(topic: string): Promise<readonly PresenceMember[]>;

  /** Releases everything that this node holds. */
  dispose(): Promise<void>;
}

/** The parts of an application that its broker uses. */
export interface BrokerContext {
  /** Clock, timers, random numbers and ids. */
  readonly environment: Environment;
  /** The `history` option, with its defaults. */
  readonly history: { readonly count: number; readonly bytes: number; readonly ageMs: number };
  /** Logs at most one line a second for each event. */
  readonly log: { error(event: string, error: unknown, values?: Readonly<Record<string, string>>): void };
}

/** Makes the broker of an application that starts. */
export type BrokerFactory = (context: BrokerContext) => Broker;

/**
 * The reason of a {@link BrokerError}.
 *
 * - `unclaimed`: the holder of the claim gave it back without an answer. Claim again.
 * - `full`: the broker has no room for another action now. The server answers `unavailable`.
 * - `quota_exceeded`: the caller has as many actions as the broker allows for one caller. The server answers
 *   `too_many_requests`.
 * - `not_held`: this node settled or gave back a claim that it does not hold.
 * - `no_answer`: the holder of the lease did not answer a request.
 * - `disposed`: the broker has shut down.
 * - `unavailable`: the server of the broker is out of reach.
 */
export type BrokerErrorCode =
  'unclaimed' | 'full' | 'quota_exceeded' | 'not_held' | 'no_answer' | 'disposed' | 'unavailable';

/** The error of every method of a `Broker`. */
export class BrokerError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'BrokerError';

  constructor(
    /** The reason, which decides the answer of the server. */
    readonly code: BrokerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
