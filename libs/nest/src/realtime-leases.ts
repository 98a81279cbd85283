import { setMaxListeners } from 'node:events';

import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { MAX_VALUE_DEPTH, type Json, type Position, type TopicReference } from '@statewire/protocol';
import { firstValueFrom } from 'rxjs';

import { BrokerError, topicLease, type Broker, type Lease, type Release } from './core/broker.js';
import { DrainState } from './core/drain-state.js';
import { outsideCallers, type Environment, type Timer } from './core/environment.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';
import { jsonCopy } from './topics/json-copy.js';
import { SoleWriter } from './topics/sole-writer.js';
import { Timeline } from './topics/timeline.js';
import { TopicRegistry } from './topics/topic-registry.js';

/** Milliseconds until the next attempt after one that failed. */
const RETRY_INTERVAL_MS = 1_000;

/** Milliseconds for which the end of the application waits for work that ignores its signal. */
const STOP_TIMEOUT_MS = 1_000;

/** The limits of a request and its answer. */
const REQUEST = { maxDepth: MAX_VALUE_DEPTH, option: '', remedy: '' };

/** A lease that this node holds. */
export interface HeldLease {
  /**
   * Fencing token. Each holder has a higher one than the holder before it, also after a crash. A database that stores
   * it with each write can refuse the writes of a node that has lost the lease without noticing.
   */
  readonly token: number;
  /** Aborted when this node loses the lease, and when the application ends. Then stop. */
  readonly signal: AbortSignal;
  /** Answers the requests of all nodes, see {@link RealtimeLeases.request}. Ends with the lease; does nothing after it. */
  onRequest(answer: (message: Json) => Json | Promise<Json>): void;
}

/** The lease of a topic. Only its holder can publish to the topic. */
export interface HeldTopicLease<Value> extends HeldLease {
  /** The value of a state topic when this node got the lease: the last one of the holder before. */
  readonly value: Value | undefined;
  /**
   * Publishes to the topic, as `RealtimeBus.publish` does. Rejects with a `BrokerError` `fenced` if the node has lost
   * the lease, even if it has not noticed that yet. You need not await the result.
   *
   * If the broker loses the newest value of a state topic while this node holds the lease (a flush, a restart), the
   * node publishes it again.
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
  ) {
    // Each hold listens, and Node warns of more than ten listeners.
    setMaxListeners(0, this.ending.signal);
  }

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
   * @throws (rejects) PublishError if the message has no JSON; BrokerError `no_answer` if the holder does not answer in
   * time, `unavailable` if the broker is out of reach.
   */
  async request(of: TopicReference | string, message: Json): Promise<Json | undefined> {
    const name = leaseName(of);
    return this.broker.request(name, toJson(name, message));
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
      const topic = typeof of === 'string' ? undefined : await this.openTopic(of, lease, lose, releases);
      if (stop.aborted || ended.signal.aborted) return false;
      const held: HeldLease = {
        token: lease.token,
        signal: ended.signal,
        onRequest: (answer) => {
          if (ended.signal.aborted) return;
          releases.push(broker.onRequest(lease.name, async (asked) => toJson(lease.name, await answer(asked))));
        },
      };
      const running = work({ ...held, ...topic } as HeldTopicLease<Value>);
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

  /** Reads the value of the topic. Keeps the newest value of a state topic in the broker while the lease lasts. */
  private async openTopic<Value>(
    topic: TopicReference<Value>,
    lease: Lease,
    onLost: () => void,
    releases: Release[],
  ): Promise<Pick<HeldTopicLease<Value>, 'publish' | 'value'>> {
    const { broker, log } = this;
    const { kind, name } = topic;
    const write = async (value: unknown): Promise<Position> => {
      try {
        return await this.topics.publish(topic, value, { fence: lease.token });
      } catch (error) {
        if (error instanceof BrokerError && error.code === 'fenced') onLost();
        else log.error('publication-failed', error, { topic: name });
        throw error;
      }
    };
    const writer = new SoleWriter({ broker, topic: name, kind, publish: write, repeatsRejected: false });
    await writer.open();
    releases.push(() => writer.close());
    // No handler knows what the holder before published last.
    const history = await broker.read(name, kind);
    const { newest, position } = new Timeline(name, kind, { count: 1, bytes: 0, ageMs: 0 }, history, topic);
    if (newest !== undefined) writer.adopt(newest.value, position);
    const publish = (value: Value): Promise<Position> => {
      const published = writer.publish(value);
      published.catch(() => undefined);
      return published;
    };
    return { publish, value: newest?.value as Value | undefined };
  }

  /** Waits before the next attempt, or until the signal aborts. */
  private async pause(stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    await new Promise<void>((resolve) => {
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

/** @throws PublishError if the value has no JSON. */
function toJson(lease: string, value: unknown): Json {
  return jsonCopy(lease, value, 0, REQUEST);
}
