import type { Json, Position, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type {
  Broker,
  BrokerContext,
  BrokerStatus,
  Claim,
  ClaimOptions,
  Lease,
  NewPublication,
  PresenceMember,
  PublishOptions,
  ReadOptions,
  Release,
  TopicHistory,
  TopicMessage,
} from '../../core/broker.js';
import type { Claims } from './claims.js';
import { disposedError } from './errors.js';
import type { Leases } from './leases.js';
import type { Nodes } from './nodes.js';
import type { Presence } from './presence.js';
import type { Requests } from './requests.js';

/** Characters of the ids of nodes. */
const NODE_ID_LENGTH = 12;
/** Time for the farewell of a node that shuts down. */
const FAREWELL_MS = 2_000;

/** The connection of a broker to its server. */
export interface BrokerLink {
  /** Whether the server can be reached. */
  readonly status: Observable<BrokerStatus>;
  /** Rejects if the server cannot be reached or used. */
  start(): Promise<void>;
  /** Ends the connection. */
  dispose(): Promise<void>;
}

/** Sends the publications of this node. */
export interface BrokerPublisher {
  /** Number of pending publications. */
  readonly size: number;
  /** Characters of the pending publications. */
  readonly bytes: number;
  /** Does what `Broker.publish` describes. */
  publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position>;
  /** Rejects all pending publications. */
  dispose(): void;
}

/** Reads and replaces topics. */
export type BrokerReader = Pick<Broker, 'close' | 'read'> & {
  /** Does what `Broker.replaceEpoch` describes. */
  replaceEpoch(topic: string, kind: TopicKind, expected: string, keep: boolean): Promise<Position>;
};

/** The listeners of this node. */
export interface BrokerListeners {
  /** Number of topics with listeners. */
  readonly size: number;
  /** Does what `Broker.listen` describes. */
  listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release>;
  /** Removes all listeners. */
  dispose(): void;
}

/**
 * A broker on a server in the network. A package for a server creates the parts, and decides what happens in which order when a
 * connection comes and goes.
 */
export abstract class NetworkBroker implements Broker {
  /** Name in the log line of the start. */
  abstract readonly name: string;
  /** Other nodes use the same server. */
  readonly isShared = true;
  /** Random id of this start of the node. */
  protected readonly node: string;
  /** The connection. */
  protected abstract readonly link: BrokerLink;
  /** Sends publications. */
  protected abstract readonly publisher: BrokerPublisher;
  /** Reads topics. */
  protected abstract readonly reader: BrokerReader;
  /** The listeners. */
  protected abstract readonly listeners: BrokerListeners;
  /** The nodes that live. */
  protected abstract readonly nodes: Nodes;
  /** The claims of actions. */
  protected abstract readonly claims: Claims;
  /** The leases. */
  protected abstract readonly leases: Leases;
  /** The members of topics. */
  protected abstract readonly presence: Presence;
  /** The requests to holders of leases. */
  protected abstract readonly requests: Requests;
  /** Whether any call can reach the server now. */
  protected abstract readonly isReachable: boolean;
  /** Parts of the application. */
  protected readonly context: BrokerContext;
  private isDisposed = false;

  /** Creates the base; the class of a server creates the parts. */
  constructor(context: BrokerContext) {
    this.context = context;
    this.node = context.environment.id().slice(0, NODE_ID_LENGTH);
  }

  /** Numbers of held resources, for tests. All are 0 when nothing uses the broker. */
  get sizes(): Readonly<Record<'pending' | 'listened' | 'claims' | 'leases' | 'presence', number>> {
    return {
      pending: this.publisher.size,
      listened: this.listeners.size,
      claims: this.claims.size,
      leases: this.leases.size,
      presence: this.presence.size,
    };
  }

  /** See `Broker.status`. */
  get status(): Observable<BrokerStatus> {
    return this.link.status;
  }

  /** See `Broker.pending`. */
  get pending(): { readonly count: number; readonly bytes: number } {
    return { count: this.publisher.size, bytes: this.publisher.bytes };
  }

  /** Rejects if the server cannot be reached or used. */
  start(): Promise<void> {
    return this.link.start();
  }

  /** See `Broker.publish`. */
  async publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position> {
    this.check();
    return this.publisher.publish(topic, publication, options);
  }

  /** See `Broker.listen`. */
  async listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release> {
    this.check();
    return this.listeners.listen(topic, listener);
  }

  /** See `Broker.read`. */
  async read(topic: string, kind: TopicKind, options?: ReadOptions): Promise<TopicHistory> {
    this.check();
    this.context.counters?.read();
    return this.reader.read(topic, kind, options);
  }

  /** See `Broker.replaceEpoch`. */
  async replaceEpoch(
    topic: string,
    kind: TopicKind,
    expected: string,
    options?: { keep?: boolean },
  ): Promise<Position> {
    this.check();
    return this.reader.replaceEpoch(topic, kind, expected, options?.keep === true);
  }

  /** See `Broker.close`. */
  async close(topic: string): Promise<void> {
    this.check();
    return this.reader.close(topic);
  }

  /** See `Broker.claim`. */
  async claim(key: string, fingerprint: string, options?: ClaimOptions): Promise<Claim> {
    this.check();
    return this.claims.claim(key, fingerprint, options);
  }

  /** See `Broker.settle`. */
  async settle(key: string, answer: string, windowMs: number): Promise<void> {
    this.check();
    return this.claims.settle(key, answer, windowMs);
  }

  /** See `Broker.unclaim`. */
  async unclaim(key: string): Promise<void> {
    this.check();
    return this.claims.unclaim(key);
  }

  /** See `Broker.forget`. */
  async forget(keys: readonly string[]): Promise<void> {
    this.check();
    return this.claims.forget(keys);
  }

  /** See `Broker.lease`. */
  async lease(name: string, options?: { readonly signal?: AbortSignal }): Promise<Lease | undefined> {
    this.check();
    return this.leases.lease(name, options?.signal);
  }

  /** See `Broker.request`. */
  async request(leaseName: string, message: Json): Promise<Json | undefined> {
    this.check();
    return this.requests.request(leaseName, message);
  }

  /** See `Broker.onRequest`. */
  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release {
    return this.requests.onRequest(leaseName, answer);
  }

  /** See `Broker.join`. */
  async join(topic: string, member: PresenceMember): Promise<void> {
    this.check();
    return this.presence.join(topic, member);
  }

  /** See `Broker.leave`. */
  async leave(topic: string, memberId: string): Promise<void> {
    this.check();
    return this.presence.leave(topic, memberId);
  }

  /** See `Broker.members`. */
  async members(topic: string): Promise<readonly PresenceMember[]> {
    this.check();
    return this.presence.members(topic);
  }

  /** Gives back what this node holds, if the server can be reached, and ends the connection. */
  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.nodes.stop();
    this.publisher.dispose();
    this.requests.dispose();
    this.listeners.dispose();
    const left = this.isReachable ? this.giveBack() : undefined;
    this.claims.dispose();
    if (left === undefined) this.ignoreFailure(this.leases.dispose());
    await left;
    await this.link.dispose();
  }

  /** Throws if the broker was shut down. */
  protected check(): void {
    if (this.isDisposed) throw disposedError();
  }

  /** For work that the next connection or the next sign of life repeats. */
  protected ignoreFailure(work: Promise<unknown>): void {
    work.catch(() => undefined);
  }

  /** Gives back what this node holds, so that the other nodes need not wait for its time to live. */
  private async giveBack(): Promise<void> {
    const calls = [this.claims.leave(), this.leases.dispose(), this.presence.dispose(), this.nodes.leave()];
    const said = Promise.all(calls).catch(() => undefined);
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      const timer = this.context.environment.setTimer(resolve, FAREWELL_MS);
      cancel = () => timer.cancel();
    });
    await Promise.race([said, late]);
    cancel();
  }
}
