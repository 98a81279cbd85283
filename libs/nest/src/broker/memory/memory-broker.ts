import type { Json, Position, TopicKind } from '@statewire/protocol';

import { BehaviorSubject } from 'rxjs';

import type { BrokerCounters } from '../../core/broker-counters.js';
import {
  BrokerError,
  topicOfLease,
  type Broker,
  type BrokerContext,
  type BrokerStatus,
  type Claim,
  type ClaimOptions,
  type Lease,
  type NewPublication,
  type PresenceMember,
  type PublishOptions,
  type ReadOptions,
  type Release,
  type TopicHistory,
  type TopicMessage,
} from '../../core/broker.js';
import type { MemoryBrokerOptions } from '../../core/options.js';
import { RealtimeOptionsError, resolveMemoryBrokerOptions } from '../../core/resolve-options.js';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { MemoryClaims } from './memory-claims.js';
import { MemoryLeases } from './memory-leases.js';
import { MemoryTopics } from './memory-topics.js';
import { oneOfSeveralProcesses } from './several-processes.js';

/** `history.ageMs` is also the time for which the broker keeps an unused topic. */
export interface MemoryBrokerSettings extends Omit<BrokerContext, 'actionWindowMs'>, MemoryBrokerOptions {
  /** See {@link BrokerContext.actionWindowMs}. Default: no process ran before this one. */
  readonly actionWindowMs?: number;
  /** See {@link MemoryClaims}. Default: 10 s. 0: a copy of a confirmed action runs. */
  readonly repeatWindowMs?: number;
}

/**
 * Creates the broker for a single process. It keeps all data in memory. An option that cannot be used stops the start
 * with a `RealtimeOptionsError`, and so does one process of several, because its publications reach only its own
 * clients.
 *
 * @example RealtimeModule.forRoot({ broker: memoryBroker({ maxClaims: 10_000 }) })
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): (context: BrokerContext) => MemoryBroker {
  return (context) => {
    const resolved = resolveMemoryBrokerOptions(options);
    const place = oneOfSeveralProcesses();
    if (place !== undefined && !resolved.separateProcesses) throw separateProcessesError(place);
    return new MemoryBroker({ ...resolved, ...context });
  };
}

function separateProcessesError(place: string): RealtimeOptionsError {
  const expected =
    'a broker that all processes share, because each memory broker has topics of its own and reaches only the clients ' +
    'of its process; or memoryBroker({ separateProcesses: true }), if each process serves clients of its own';
  return new RealtimeOptionsError([{ option: 'broker', expected, got: `the memory broker in ${place}` }]);
}

/** Keeps all data in the memory of one process. After a restart, new epochs tell clients that history is lost. */
export class MemoryBroker implements Broker {
  readonly name = 'memory';
  readonly isShared = false;
  readonly status = new BehaviorSubject<BrokerStatus>({ state: 'up' });
  private readonly topics: MemoryTopics;
  private readonly claims: MemoryClaims;
  private readonly leases: MemoryLeases;
  /** Tokens of the holders of topics. */
  private readonly fences = new Map<string, number>();
  private readonly presence = new Map<string, Map<string, PresenceMember>>();
  private readonly counters: BrokerCounters | undefined;
  private disposed = false;

  constructor(options: MemoryBrokerSettings) {
    const { counters, environment, history, log } = options;
    this.counters = counters;
    this.leases = new MemoryLeases(environment, (name, token) => this.fence(name, token));
    const limits = { ...resolveMemoryBrokerOptions({}), ...options };
    const { maxIdleTopics, maxIdleBytes, maxClaims, maxAnswerCharacters } = limits;
    const idle = { count: maxIdleTopics, weight: maxIdleBytes };
    this.topics = new MemoryTopics(environment, history, idle, (topic, error) =>
      log.error('topic-listener-failed', error, { topic }),
    );
    this.claims = new MemoryClaims(
      environment,
      { count: maxClaims, size: maxAnswerCharacters },
      options.actionWindowMs,
      options.repeatWindowMs,
    );
  }

  /** Numbers of held resources, for tests and metrics. All are 0 when nothing uses the broker. */
  get sizes(): Readonly<Record<'topics' | 'claims' | 'callers' | 'leases' | 'presence', number>> {
    return {
      topics: this.topics.size,
      claims: this.claims.size,
      callers: this.claims.callers,
      leases: this.leases.size,
      presence: this.presence.size,
    };
  }

  async publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position> {
    this.check();
    if (options?.fence !== this.fences.get(topic)) {
      throw new BrokerError(
        'fenced',
        `Another node, or nobody, holds the lease of "${topic}". Only its holder publishes.`,
      );
    }
    return this.topics.publish(topic, publication, options);
  }

  async listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release> {
    this.check();
    return this.topics.listen(topic, listener);
  }

  async read(topic: string, _kind: TopicKind, options?: ReadOptions): Promise<TopicHistory> {
    this.check();
    return this.topics.read(topic, options);
  }

  async replaceEpoch(
    topic: string,
    kind: TopicKind,
    expected: string,
    { keep = false }: { keep?: boolean } = {},
  ): Promise<Position> {
    this.check();
    return this.topics.replaceEpoch(topic, kind, expected, keep);
  }

  async close(topic: string): Promise<void> {
    this.check();
    this.topics.close(topic);
  }

  claim(key: string, fingerprint: string, options?: ClaimOptions): MaybePromise<Claim> {
    return this.atOnce(() => this.claims.claim(key, fingerprint, options));
  }

  settle(key: string, answer: string, window: number): Promise<void> | undefined {
    return this.atOnce(() => void this.claims.settle(key, answer, window));
  }

  unclaim(key: string): Promise<void> | undefined {
    return this.atOnce(() => void this.claims.unclaim(key));
  }

  forget(keys: readonly string[]): Promise<void> | undefined {
    return this.atOnce(() => void this.claims.forget(keys));
  }

  async lease(name: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Lease | undefined> {
    this.check();
    return this.leases.lease(name, signal);
  }

  async request(leaseName: string, message: Json): Promise<Json | undefined> {
    this.check();
    return this.leases.request(leaseName, message);
  }

  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release {
    return this.leases.onRequest(leaseName, answer);
  }

  async join(topic: string, member: PresenceMember): Promise<void> {
    this.check();
    const members = this.presence.get(topic) ?? new Map<string, PresenceMember>();
    this.presence.set(topic, members.set(member.id, member));
  }

  async leave(topic: string, memberId: string): Promise<void> {
    this.check();
    const members = this.presence.get(topic);
    members?.delete(memberId);
    if (members?.size === 0) this.presence.delete(topic);
  }

  async members(topic: string): Promise<readonly PresenceMember[]> {
    this.check();
    return [...(this.presence.get(topic)?.values() ?? [])];
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.topics.dispose();
    this.claims.dispose();
    this.leases.dispose();
    this.presence.clear();
    this.status.complete();
  }

  private fence(leaseName: string, token: number | undefined): void {
    this.counters?.lease(token === undefined ? 'released' : 'gained');
    const topic = topicOfLease(leaseName);
    if (topic === undefined) return;
    if (token === undefined) this.fences.delete(topic);
    else this.fences.set(topic, token);
  }

  /** Returns the result of `work`. An error becomes a promise that rejects. */
  private atOnce<T>(work: () => T): T | Promise<never> {
    try {
      this.check();
      return work();
    } catch (error) {
      return reject(error);
    }
  }

  private check(): void {
    if (this.disposed) throw new BrokerError('disposed', 'The broker was shut down.');
  }
}

async function reject(error: unknown): Promise<never> {
  throw error;
}
