import type { Json, Position, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { BrokerCounters } from './broker-counters.js';
import type { Environment } from './environment.js';

/** A publication that a broker is to append. Its texts are JSON, so that a broker parses nothing. */
export interface NewPublication {
  /** The kind of the topic in the contract. Of a state topic the broker also keeps the newest value. */
  readonly kind: TopicKind;
  /**
   * Random characters of `[A-Za-z0-9_-]`, chosen by the publisher. A broker that sends a publication again, because the
   * answer was lost, recognizes it by its id.
   */
  readonly id: string;
  /**
   * The whole value (state) or the event, as JSON. Making the text can cost more than everything else: a broker reads it
   * only when it keeps or sends the whole value.
   */
  readonly data: string;
  /**
   * State topics: the delta from the value of the publication with the id `base`. A broker keeps the delta only if that
   * publication is the newest one of the topic; otherwise it keeps `data`.
   */
  readonly patch?: { readonly base: string; readonly delta: string };
  /** The parsed `data`. A broker in the process may pass it to listeners; other brokers ignore it. */
  readonly value?: Json;
}

/** Conditions of a publication. */
export interface PublishOptions {
  /** Appends only if the topic stands at this position. Otherwise the call rejects with `moved`. */
  readonly only?: Position;
  /**
   * Token of the lease of the topic ({@link topicLease}). The call rejects with `fenced` if the lease has another token
   * or no holder. Without a token the call rejects with `fenced` while any node holds the lease.
   */
  readonly fence?: number;
  /** Starts a new epoch with this publication as its first, in one step. No listener sees the new epoch empty. */
  readonly startsEpoch?: boolean;
}

/**
 * The connection of an open database transaction: a client of `pg`, or an `EntityManager` or `QueryRunner` of TypeORM. Others need
 * an object with this method.
 */
export interface TransactionClient {
  /** Runs a statement with parameters `$1`, `$2`, … in the transaction. */
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** A publication as a broker keeps it. */
export interface StoredPublication {
  /** Offset in the epoch. The first publication has offset 1. */
  readonly offset: number;
  /** Id that the publisher chose. */
  readonly id: string;
  /** Milliseconds since the Unix epoch, by the broker's clock. */
  readonly time: number;
  /** Missing if the broker kept only the delta. A publication has `data`, `delta` or both. */
  readonly data?: string;
  /** State topics: turns the value at `offset - 1` into the value at `offset`. */
  readonly delta?: string;
}

/** A publication as listeners receive it. */
export interface LivePublication extends StoredPublication {
  /** Epoch of the offset. */
  readonly epoch: string;
  /**
   * Id of the publication at `offset - 1`; empty at offset 1. A listener that holds another id there must not apply the
   * publication: the broker lost publications and gave out their offsets again.
   */
  readonly previous: string;
  /** The parsed `data`, if the publisher runs in this process. Absent: the node parses `data` or applies `delta`. With it, `data` may be absent beside a `delta`. */
  readonly value?: Json;
}

/** A message to the listeners of one topic. All listeners get the messages in the broker's order. */
export type TopicMessage =
  | { readonly type: 'publication'; readonly publication: LivePublication }
  /**
   * The topic has a new history: the broker flushed or recreated it, or its source started it. `first` is its
   * publication at offset 1; without it the history is empty.
   */
  | { readonly type: 'epoch'; readonly epoch: string; readonly first?: LivePublication }
  /** Messages may be missing from now on, because the broker is out of reach. */
  | { readonly type: 'interrupted' }
  /** Messages arrive again. The topic stands at this position, with this id. What is missing must be read. */
  | { readonly type: 'resumed'; readonly position: Position; readonly id: string }
  /** A node closed the topic. No message follows. */
  | { readonly type: 'closed' };

/** The part of a history to read. */
export interface ReadOptions {
  /** Offset above which publications are wanted. Omitted: no publications. -1: the whole history. */
  readonly above?: number;
  /** Approximate bytes of the publications above `above`. If they are more, the oldest are left out. Default: no limit. */
  readonly maxBytes?: number;
}

/** A part of the history of one topic. */
export interface TopicHistory {
  /** The current epoch of the topic. */
  readonly epoch: string;
  /** Offset of the newest publication; 0 if there is none. */
  readonly offset: number;
  /** Id of the newest publication; empty if there is none. */
  readonly id: string;
  /** Time of the newest publication. */
  readonly time?: number;
  /**
   * State topics: the value at an `offset` of the epoch, as JSON. If that is below the newest one, `publications` has
   * all that follow it. Missing before the first publication.
   */
  readonly base?: { readonly offset: number; readonly data: string };
  /** Offset of the oldest publication in the history of the broker; `offset + 1` if the history is empty. */
  readonly oldest: number;
  /** Id of the publication at the requested offset; empty at 0. Undefined: the broker does not know it any more. */
  readonly idAbove?: string;
  /** Consecutive publications up to the newest one: those above the requested offset, and those above `base`. */
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

/** What a broker may use about an action, besides its key. */
export interface ClaimOptions {
  /**
   * The owner of the claim. A broker with bounded memory gives each caller a quota and rejects with `quota_exceeded`
   * above it, so that one caller cannot block the actions of all. Omitted: the claim belongs to no caller.
   */
  readonly caller?: string;
  /** One of the clients of the caller. It gets a part of the quota, so that it cannot block the others. */
  readonly client?: string;
  /**
   * Whether the client has sent the action before. Then a broker that has lost its claims, for example in a restart,
   * answers `lost` for an unknown key that it may have known, because the action may have run.
   */
  readonly again?: boolean;
  /**
   * With `again`: at least the milliseconds since the client sent the action for the first time. A broker that lost its
   * claims earlier than that has not lost this one. Omitted: unknown.
   */
  readonly ageMs?: number;
}

/** The exclusive right of one node, until the node releases or loses it. */
export interface Lease {
  /** Name of the lease. */
  readonly name: string;
  /** Fencing token. Each holder of the lease has a higher one than the holder before it, also after a crash. */
  readonly token: number;
  /** Resolves when the node loses the lease. */
  readonly lost: Promise<void>;
  /** Gives the lease back, so that another node can take it. */
  release(): Promise<void>;
}

/** Returns the name of the lease for writing a topic. See {@link PublishOptions.fence}. */
export function topicLease(topic: string): string {
  return TOPIC_LEASE + topic;
}

const TOPIC_LEASE = 'topic:';

/** Returns the topic of a lease for writing one. Undefined: the lease is another one. */
export function topicOfLease(name: string): string | undefined {
  return name.startsWith(TOPIC_LEASE) ? name.slice(TOPIC_LEASE.length) : undefined;
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

/** Whether a broker reaches its server. `away` since `since`, in milliseconds since the Unix epoch. */
export type BrokerStatus = { readonly state: 'up' } | { readonly state: 'away'; readonly since: number };

/**
 * Keeps history, positions, claims of actions, leases and presence for one or many nodes. A broker knows no connections
 * and does not read values.
 *
 * A broker whose server may have lost publications that it confirmed (a restart, a promoted replica) starts a new epoch for
 * each topic before it gives out an offset again. The ids of publications are a second line: they show a loss to a node
 * that still has what was lost, but not to a client that comes back later.
 *
 * Every method is asynchronous and may reject with a `BrokerError`. No method throws synchronously. The methods for
 * actions may return at once instead of with a promise. A handler that returns at once then costs no promise at all.
 * Topics are names of the protocol, or internal names with a colon; an implementation maps each name to a key of its own.
 */
export interface Broker {
  /** Name in the log line of the start: `memory`, `redis`, … */
  readonly name: string;

  /** Whether other nodes can use the same data. Then publishers send deltas even if no client of their node reads. */
  readonly isShared: boolean;

  /** Emits the current status at once, and each change. Completes on `dispose`. */
  readonly status: Observable<BrokerStatus>;

  /** Publications of this node that wait for an answer of the server, and their characters. Missing: none wait. */
  readonly pending?: { readonly count: number; readonly bytes: number };

  /**
   * Appends a publication. Resolves with its position after the listeners of this node have received it. Publications
   * of one node to one topic keep the order of the calls.
   */
  publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position>;

  /**
   * Publishes when a transaction of the application commits, and never if it does not. Resolves when the transaction has the
   * publication. Its position is unknown then, because the commit appends it. Rejects with `fenced` while any node holds the lease
   * of the topic; that sends nothing to the transaction. A lease that is taken later fails the commit. Missing: the broker
   * does not keep its data in a database.
   */
  publishAtCommit?(topic: string, publication: NewPublication, transaction: TransactionClient): Promise<void>;

  /**
   * Adds a listener. Resolves when every later publication is certain to reach the listener, in order. The broker logs
   * an error that a listener throws, and other listeners still get the message. A listener that publishes to the topic
   * receives that publication after it returns, so that all listeners see the same order. The `Release` acts on this
   * node at once: it resolves even if the server is out of reach, and no message follows the call.
   */
  listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release>;

  /** Reads the position, the latest value and publications. Creates an epoch if the topic has none. */
  read(topic: string, kind: TopicKind, options?: ReadOptions): Promise<TopicHistory>;

  /**
   * Starts a new epoch if the current epoch is `expected` (compare and set). Resolves with the current position. With
   * `keep` the newest value of a state topic becomes the publication 1 of the new epoch, with the same id.
   */
  replaceEpoch(topic: string, kind: TopicKind, expected: string, options?: { keep?: boolean }): Promise<Position>;

  /** Removes the topic. Listeners get `closed` after its last publications. */
  close(topic: string): Promise<void>;

  /**
   * Claims the right to run an action once. `fingerprint` is a digest of its name and data. A claim lives as long as
   * its node, and a settled answer for the window of `settle`. If the node of a running claim ends, its waiting callers
   * get `unclaimed`, and the next claim is `lost`. Rejects with `full` instead of forgetting a claim early.
   */
  claim(key: string, fingerprint: string, options?: ClaimOptions): Claim | Promise<Claim>;
  /**
   * Remembers the answer of a claimed action for `windowMs`. A broker that is out of reach retries it until the window
   * ends.
   */
  settle(key: string, answer: string, windowMs: number): Promise<void> | undefined;
  /**
   * Gives a claim back without an answer, because the server rejected the action before its handler started. Callers
   * that wait for the answer get a `BrokerError` `unclaimed` and may claim the key.
   */
  unclaim(key: string): Promise<void> | undefined;
  /**
   * Forgets the answers of settled claims before their window ends, because the clients have them. Ignores keys that
   * are unknown or still running. If it fails, the window ends the claims. For 10 s a claim of a forgotten key is
   * `lost`, because a proxy may deliver a request twice.
   */
  forget(keys: readonly string[]): Promise<void> | undefined;

  /**
   * Returns the lease; undefined while another node holds it. With a `signal` the call waits for the lease. Nodes that
   * wait are woken when the holder releases it, and get it when the holder has ended. Resolves with undefined when the
   * signal aborts.
   */
  lease(name: string, options?: { readonly signal?: AbortSignal }): Promise<Lease | undefined>;
  /**
   * Sends a request to the node that holds the lease. Resolves with undefined if no node holds it. Rejects with
   * `no_answer` if the holder does not answer in time: it may have ended without a word, and it may have got the
   * request, which no broker sends twice. Rejects with `unavailable` if the request was not sent.
   */
  request(leaseName: string, message: Json): Promise<Json | undefined>;
  /** Answers the requests to a lease of this node. */
  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release;

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
  /** Milliseconds for which the answer of an action is remembered. */
  readonly actionWindowMs: number;
  /** Logs at most one line a second for each event. */
  readonly log: { error(event: string, error: unknown, values?: Readonly<Record<string, string>>): void };
  /** Counts for `RealtimeMetrics`. Omitted: nothing counts. */
  readonly counters?: BrokerCounters;
}

/**
 * Makes the broker of an application that starts. The start waits for the promise, and fails with its error if the
 * server of the broker cannot be reached or used.
 */
export type BrokerFactory = (context: BrokerContext) => Broker | Promise<Broker>;

/**
 * The reason of a {@link BrokerError}.
 *
 * - `unclaimed`: the holder of the claim gave it back without an answer. Claim again.
 * - `full`: the broker has no room for another action now. The server answers `unavailable`.
 * - `quota_exceeded`: the caller has as many actions as the broker allows for one caller. The server answers
 *   `too_many_requests`.
 * - `moved`: the topic does not stand where `only` of the publication says.
 * - `fenced`: another node holds the lease of the topic, or the publisher has lost it.
 * - `not_held`: this node settled or gave back a claim that it does not hold.
 * - `no_answer`: the holder of the lease did not answer a request.
 * - `disposed`: the broker has shut down.
 * - `unavailable`: the server of the broker is out of reach.
 */
export type BrokerErrorCode =
  'unclaimed' | 'full' | 'quota_exceeded' | 'moved' | 'fenced' | 'not_held' | 'no_answer' | 'disposed' | 'unavailable';

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
