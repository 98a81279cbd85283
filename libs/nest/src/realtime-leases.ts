import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Json, Position, TopicReference } from '@statewire/protocol';
import { firstValueFrom } from 'rxjs';

import { BrokerError, topicLease, type Broker, type Lease, type Release } from './core/broker.js';
import { DrainState } from './core/drain-state.js';
import { outsideCallers, type Environment, type Timer } from './core/environment.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';
import { Timeline } from './topics/timeline.js';
import { TopicRegistry } from './topics/topic-registry.js';

/** Milliseconds until the next attempt after one that failed. */
const RETRY_INTERVAL_MS = 1_000;

/** Milliseconds for which the end of the application waits for work that ignores its signal. */
const STOP_TIMEOUT_MS = 1_000;

/** A lease that this node holds. */
export interface HeldLease {
  /**
   * Fencing token. Each holder has a higher one than the holder before it, also after a crash. A database that stores
   * it with each write can refuse the writes of a node that has lost the lease without noticing.
   */
  readonly token: number;
  /** Aborted when this node loses the lease, and when the application ends. Then stop. */
  readonly signal: AbortSignal;
  /** Answers the requests of all nodes, see {@link RealtimeLeases.request}. Ends with the lease. */
  onRequest(answer: (message: Json) => Json | Promise<Json>): void;
}

/** The lease of a topic. Only its holder can publish to the topic. */
export interface HeldTopicLease<Value> extends HeldLease {
  /** The value of a state topic when this node got the lease: the last one of the holder before. */
  readonly value: Value | undefined;
  /**
   * Publishes to the topic, as `RealtimeBus.publish` does. Rejects with a `BrokerError` `fenced` if the node has lost
   * the lease, even if it has not noticed that yet. You need not await the result.
   */
  publish(value: Value): Promise<Position>;
}

/** Options of {@link RealtimeLeases.hold}. */
export interface HoldOptions {
  /** Ends the work and gives the lease back. */
  readonly signal?: AbortSignal;
}

/**
 * Runs work on exactly one node of several.
 *
 * @example
 * ```ts
 * // On every node. One of them ticks the battle; another one goes on after a deploy or a crash.
 * void leases.hold(battle.with({ battleId }), async ({ value = firstTurn(), publish, signal }) => {
 *   for (let turn = value; !signal.aborted && !turn.isOver; turn = next(turn)) {
 *     await publish(turn);
 *     await pause(100);
 *   }
 * });
 * ```
 */
@Injectable()
export class RealtimeLeases implements BeforeApplicationShutdown {
  private readonly ending = new AbortController();
  private readonly holds = new Set<Promise<void>>();

  /** @internal Nest creates the instance. */
  constructor(
    @Inject(BROKER) private readonly broker: Broker,
    private readonly topics: TopicRegistry,
    private readonly drain: DrainState,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(REALTIME_LOG) private readonly log: Pick<RealtimeLog, 'error' | 'warn'>,
  ) {}

  /**
   * Waits for a lease, runs `work`, and gives the lease back when the promise of `work` resolves. Call it on every node
   * that may do the work.
   *
   * A node that ends gives its leases back after the drain, and a waiting node gets them within milliseconds. A node
   * that crashes or loses its broker loses its leases within 8 s. If a node loses a lease, the signal of `work` aborts,
   * and the node waits for the lease again after `work` has ended. If `work` rejects, the log has the error, and the
   * node waits for the lease again after a second.
   *
   * While a topic is leased, every other publication to it is refused: of other nodes, of `RealtimeBus` and of an
   * observable of its handler.
   *
   * @param of a topic, or a name for work without a topic.
   * @returns a promise that resolves when `work` has resolved, `signal` has aborted or the application has ended. It
   * never rejects.
   */
  hold<Value>(
    of: TopicReference<Value>,
    work: (lease: HeldTopicLease<Value>) => Promise<void>,
    options?: HoldOptions,
  ): Promise<void>;
  hold(of: string, work: (lease: HeldLease) => Promise<void>, options?: HoldOptions): Promise<void>;
  hold<Value>(
    of: TopicReference<Value> | string,
    work: ((lease: HeldTopicLease<Value>) => Promise<void>) & ((lease: HeldLease) => Promise<void>),
    { signal }: HoldOptions = {},
  ): Promise<void> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    const signals = [this.ending.signal, ...(signal === undefined ? [] : [signal])];
    for (const each of signals) {
      if (each.aborted) abort();
      each.addEventListener('abort', abort);
    }
    const hold = outsideCallers(() => this.run(of, work, stop.signal)).finally(() => {
      for (const each of signals) each.removeEventListener('abort', abort);
      this.holds.delete(hold);
    });
    this.holds.add(hold);
    return hold;
  }

  /**
   * Sends a request to the node that holds the lease. Resolves with undefined if no node holds it, or its work answers
   * no requests.
   *
   * @throws (rejects) BrokerError `no_answer` if the holder does not answer in time, `unavailable` if the broker is out
   * of reach.
   */
  request(of: TopicReference | string, message: Json): Promise<Json | undefined> {
    return this.broker.request(leaseName(of), message);
  }

  /** Called by Nest. Gives all leases back when the drain has ended. */
  async beforeApplicationShutdown(): Promise<void> {
    await firstValueFrom(this.drain.ended);
    this.ending.abort();
    await Promise.all(this.holds);
  }

  private async run<Value>(
    of: TopicReference<Value> | string,
    work: (lease: HeldTopicLease<Value>) => Promise<void>,
    stop: AbortSignal,
  ): Promise<void> {
    const name = leaseName(of);
    while (!stop.aborted) {
      try {
        const lease = await this.broker.lease(name, { signal: stop });
        if (lease !== undefined && (await this.work(lease, of, work, stop))) return;
      } catch (error) {
        this.log.error('lease-work-failed', error, { lease: name });
        await this.pause(stop);
      }
    }
  }

  /** @returns whether the work is done. False: it ended because of its signal. */
  private async work<Value>(
    lease: Lease,
    of: TopicReference<Value> | string,
    work: (lease: HeldTopicLease<Value>) => Promise<void>,
    stop: AbortSignal,
  ): Promise<boolean> {
    const { broker, environment, log } = this;
    const ended = new AbortController();
    const lose = (): void => {
      if (!ended.signal.aborted) log.warn('lease-lost', { lease: lease.name });
      ended.abort();
    };
    const releases: Release[] = [() => lease.release()];
    let timer: Timer | undefined;
    let giveUp!: () => void;
    const patience = new Promise<void>((resolve) => (giveUp = resolve));
    const onStop = (): void => {
      ended.abort();
      timer = environment.setTimer(giveUp, STOP_TIMEOUT_MS);
    };
    stop.addEventListener('abort', onStop);
    void lease.lost.then(lose);
    try {
      const value = typeof of === 'string' ? undefined : ((await this.newest(of)) as Value | undefined);
      if (stop.aborted || ended.signal.aborted) return false;
      const running = work({
        token: lease.token,
        signal: ended.signal,
        value,
        publish: (next) => this.publish(of as TopicReference<Value>, next, lease, lose),
        onRequest: (answer) => void releases.push(broker.onRequest(lease.name, async (asked) => answer(asked))),
      });
      await Promise.race([running, patience]);
      return !ended.signal.aborted;
    } catch (error) {
      // Work that ends because of its signal may reject.
      if (ended.signal.aborted) return false;
      throw error;
    } finally {
      timer?.cancel();
      stop.removeEventListener('abort', onStop);
      ended.abort();
      for (const release of releases.reverse()) {
        await release().catch((error: unknown) => log.error('lease-release-failed', error, { lease: lease.name }));
      }
    }
  }

  private publish<Value>(
    topic: TopicReference<Value>,
    value: Value,
    lease: Lease,
    onLost: () => void,
  ): Promise<Position> {
    const position = this.topics.publish(topic, value, { fence: lease.token });
    position.catch((error: unknown) => {
      if (error instanceof BrokerError && error.code === 'fenced') return onLost();
      this.log.error('publication-failed', error, { topic: topic.name });
    });
    return position;
  }

  /** Reads the value from the broker, because no handler knows what the holder before published last. */
  private async newest(topic: TopicReference): Promise<Json | undefined> {
    const { kind, name } = topic;
    const history = await this.broker.read(name, kind);
    return new Timeline(name, kind, { count: 1, bytes: 0, ageMs: 0 }, history, topic).newest?.value;
  }

  /** Waits before the next attempt, or until the signal aborts. */
  private pause(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        stop.removeEventListener('abort', finish);
        resolve();
      };
      const timer = this.environment.setTimer(finish, RETRY_INTERVAL_MS);
      stop.addEventListener('abort', finish);
    });
  }
}

function leaseName(of: TopicReference | string): string {
  return typeof of === 'string' ? `app:${of}` : topicLease(of.name);
}
