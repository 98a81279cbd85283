import type { Json, Position, TopicKind } from '@statewire/protocol';

import type { Environment } from './environment.js';

/** A publication on its way into a broker. Texts are JSON, so that a broker never has to parse. */
export interface NewPublication {
  readonly kind: TopicKind;
  /** The whole value (state) or the event, as JSON. */
  readonly data: string;
  /**
   * State topics: the delta from the value at offset `from` of that epoch. A broker keeps it only when that turns out to
   * be right below the position it assigns; otherwise it keeps `data`.
   */
  readonly patch?: { readonly epoch: string; readonly from: number; readonly delta: string };
  /** The same as `data`, parsed. An in-process broker may hand it to listeners; others ignore it. */
  readonly value?: Json;
}

/** A publication as a broker keeps it. */
export interface StoredPublication {
  readonly offset: number;
  /** Milliseconds since the Unix epoch, by the broker's clock. */
  readonly time: number;
  /** Absent where only the delta was kept. At least one of `data` and `delta` is there. */
  readonly data?: string;
  /** State topics: turns the value at `offset - 1` into the value at `offset`. */
  readonly delta?: string;
}

/** A publication as listeners receive it: always with its whole `data`. */
export interface LivePublication extends StoredPublication {
  readonly epoch: string;
  readonly data: string;
  readonly value?: Json;
}

/** What a listener of one topic is told, in the order of the broker. */
export type TopicMessage =
  | { readonly type: 'publication'; readonly publication: LivePublication }
  /** The history was replaced (flushed, recreated, released by its source). */
  | { readonly type: 'epoch'; readonly position: Position }
  /** `close(topic)` was called: nothing follows. */
  | { readonly type: 'closed' };

/** A part of the history of one topic. */
export interface TopicHistory {
  readonly epoch: string;
  /** Offset of the newest publication, 0 where there is none. */
  readonly offset: number;
  /** State topics: the value at `offset`, as JSON. Absent where nothing was published yet. */
  readonly data?: string;
  /** Time of the newest publication. */
  readonly time?: number;
  /** Offset of the oldest publication that is kept; `offset + 1` where none is. */
  readonly oldest: number;
  /** Publications above the asked-for offset, ascending and without a hole, up to the asked-for limit. */
  readonly publications: readonly StoredPublication[];
}

/** What is to be remembered of an action's key. */
export type Claim =
  /** The caller runs the action and must settle it. */
  | { readonly outcome: 'claimed' }
  /** Somebody runs it now; the answer will be there when it is settled. */
  | { readonly outcome: 'running'; readonly answer: Promise<string> }
  | { readonly outcome: 'settled'; readonly answer: string }
  /** The same key with another fingerprint. */
  | { readonly outcome: 'conflict' }
  /** The node that ran it is gone without an answer. */
  | { readonly outcome: 'lost' };

/** The right to be the one node that does something, held until released or lost. */
export interface Lease {
  readonly name: string;
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/** A message to every node, the sender included. */
export interface Broadcast {
  readonly type: string;
  readonly payload: Json;
}

export interface PresenceMember {
  /** Unique in the topic: whoever joins under the same one again replaces what is known of it. */
  readonly id: string;
  readonly info: Json;
}

/** Stops what it was returned by. May be called more than once. */
export type Release = () => Promise<void>;

/**
 * History, positions, claims of actions, leases, broadcast and presence, for one or many nodes. Knows no
 * connections and never looks into values.
 *
 * Every method is asynchronous and may reject with a `BrokerError`; none throws synchronously. Topics are protocol
 * topic names, and every implementation maps them to its own keys injectively.
 */
export interface Broker {
  /** Shown in the start line: `memory`, `redis`, … */
  readonly name: string;

  /** Appends a publication and resolves with the position it was given, after local listeners were told. */
  publish(topic: string, publication: NewPublication): Promise<Position>;

  /**
   * Resolves when every publication after this moment is sure to reach the listener, in order. A listener that
   * throws is logged and harms nobody else. One that publishes to the topic is told of that after it returned, so that
   * all listeners see the same order.
   */
  listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release>;

  /**
   * Reads the position, the latest value and the publications above `above` (omitted: none; -1: all that is kept).
   * Creates an epoch where the topic has none yet.
   */
  read(topic: string, kind: TopicKind, options?: { above?: number; limit?: number }): Promise<TopicHistory>;

  /** Starts a new epoch if the current one still is `expected` (compare and set); resolves with the epoch in force. */
  replaceEpoch(topic: string, kind: TopicKind, expected: string): Promise<Position>;

  /** Forgets the topic; listeners get `closed` after its last publications. */
  close(topic: string): Promise<void>;

  /**
   * Claims the right to run an action once. `fingerprint` is a digest of its name and data. A claim lives while its
   * node lives, a settled answer for `settle`'s window. Rejects with `full` rather than forget one early.
   *
   * @param caller whom it counts for. A broker whose memory is bounded gives each caller a share of it, and rejects with
   * `share_full` above that, so that one cannot refuse actions to all. Omitted: nobody in particular.
   */
  claim(key: string, fingerprint: string, caller?: string): Promise<Claim>;
  /** Remembers the answer of a claimed action for `windowMs`. */
  settle(key: string, answer: string, windowMs: number): Promise<void>;
  /**
   * Gives a claim back without an answer: the action was refused before its handler started. Who waits for the answer
   * gets a `BrokerError` `unclaimed`, and may claim it.
   */
  unclaim(key: string): Promise<void>;

  /** @returns the lease, or undefined while another node holds it. */
  lease(name: string): Promise<Lease | undefined>;
  /** Asks whoever holds the lease. Resolves with undefined where nobody does. */
  request(leaseName: string, message: Json): Promise<Json | undefined>;
  /** Answers requests for a lease held by this node. */
  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release;

  broadcast(message: Broadcast): Promise<void>;
  onBroadcast(listener: (message: Broadcast) => void): Release;

  /** Lists a member of a topic until it leaves, or as long as this node lives. */
  join(topic: string, member: PresenceMember): Promise<void>;
  leave(topic: string, memberId: string): Promise<void>;
  members(topic: string): Promise<readonly PresenceMember[]>;

  /** Releases everything this node holds. */
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
 * - `unclaimed`: the claim one waited on was given back without an answer; claim again.
 * - `full`: no further action can be remembered at the moment; refuse it as `unavailable`.
 * - `share_full`: no further action of this caller can be remembered; refuse it as `too_many_requests`.
 * - `not_held`: settled or gave back what this node had not claimed.
 * - `no_answer`: the lease's holder failed to answer a request.
 * - `disposed`: the broker was shut down.
 * - `unavailable`: the broker's server cannot be reached.
 */
export type BrokerErrorCode =
  'unclaimed' | 'full' | 'share_full' | 'not_held' | 'no_answer' | 'disposed' | 'unavailable';

/** What every method of a `Broker` rejects with. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
