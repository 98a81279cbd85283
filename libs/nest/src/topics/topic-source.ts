import type { Position, TopicKind } from '@statewire/protocol';
import type { Observable, Subscription } from 'rxjs';

import { BrokerError, topicLease, type Broker, type Lease, type PublishOptions } from '../core/broker.js';
import { outsideCallers, type Environment, type Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import { SoleWriter } from './sole-writer.js';

/** Milliseconds until the next attempt to get the lease, after one that failed. */
const RETRY_INTERVAL_MS = 2_000;

export interface TopicSourceOptions {
  readonly topic: string;
  readonly kind: TopicKind;
  readonly source: Observable<unknown>;
  readonly broker: Broker;
  readonly environment: Pick<Environment, 'setTimer'>;
  readonly log: Pick<RealtimeLog, 'error'>;
  readonly publish: (value: unknown, options: PublishOptions) => Promise<Position>;
  /** Called when the observable fails. */
  readonly onFailed: () => void;
}

/**
 * Runs the observable that is the only writer of a topic. Only the node that holds the lease of the topic runs it. Its
 * first value starts a new epoch, so that a reader never resumes across two runs. Until then readers keep the last
 * value of the run before.
 */
export class TopicSource {
  private readonly stopping = new AbortController();
  private hasFailed = false;
  private lease: Lease | undefined;
  private subscription: Subscription | undefined;
  private retry: Timer | undefined;
  /** Keeps the newest value of a state topic in the broker. */
  private writer: SoleWriter | undefined;
  /** Whether the next value is the first of its run that the broker has. */
  private startsEpoch = true;

  constructor(private readonly options: TopicSourceOptions) {}

  /** Whether the observable failed. */
  get failed(): boolean {
    return this.hasFailed;
  }

  /** Whether this node holds the lease. */
  get runs(): boolean {
    return this.lease !== undefined;
  }

  /** Resolves when the source runs on this node or on another one. */
  async start(): Promise<void> {
    try {
      const lease = await this.options.broker.lease(topicLease(this.options.topic));
      if (lease === undefined) void this.wait();
      else await this.take(lease);
    } catch (error) {
      this.retryLater(error);
    }
  }

  /** Stops the observable and gives the lease to the next node. The topic keeps its last value. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.retry?.cancel();
    this.unsubscribe();
    await this.release();
  }

  private async wait(): Promise<void> {
    const { broker, topic } = this.options;
    try {
      const lease = await broker.lease(topicLease(topic), { signal: this.stopping.signal });
      if (lease !== undefined) await this.take(lease);
    } catch (error) {
      this.retryLater(error);
    }
  }

  private async take(lease: Lease): Promise<void> {
    this.lease = lease;
    if (this.stopping.signal.aborted) return this.release();
    void lease.lost.then(() => this.lose(lease));
    try {
      // Events of the run before must not continue with those of this one.
      if (this.options.kind === 'events') await this.endEpoch();
      else this.writer = await this.openWriter(lease);
    } catch (error) {
      // A node that lost the lease meanwhile waits for it already.
      if (this.lease !== lease) return;
      await this.release();
      throw error;
    }
    if (this.lease === lease) this.run(lease);
  }

  private run(lease: Lease): void {
    const { log, onFailed, source, topic } = this.options;
    this.startsEpoch = this.options.kind === 'state';
    const observer = {
      next: (value: unknown) => void this.publish(value, lease).catch(() => undefined),
      error: (error: unknown) => {
        this.hasFailed = true;
        log.error('source-failed', error, { topic });
        onFailed();
      },
    };
    this.subscription = outsideCallers(() => source.subscribe(observer));
  }

  private publish(value: unknown, lease: Lease): Promise<Position> {
    return this.writer === undefined ? this.write(value, lease) : this.writer.publish(value);
  }

  private async openWriter(lease: Lease): Promise<SoleWriter> {
    const { broker, topic } = this.options;
    const publish = (value: unknown): Promise<Position> => this.write(value, lease);
    const writer = new SoleWriter({ broker, topic, kind: 'state', publish, repeatsRejected: true });
    await writer.open();
    return writer;
  }

  private async write(value: unknown, lease: Lease): Promise<Position> {
    const { log, publish, topic } = this.options;
    const { startsEpoch } = this;
    this.startsEpoch = false;
    try {
      return await publish(value, { fence: lease.token, startsEpoch });
    } catch (error) {
      this.startsEpoch ||= startsEpoch;
      log.error('publication-failed', error, { topic });
      if (error instanceof BrokerError && error.code === 'fenced') this.lose(lease);
      throw error;
    }
  }

  /** Unsubscribes from the observable and the topic. An error of a teardown must not keep the lease. */
  private unsubscribe(): void {
    const { log, topic } = this.options;
    this.writer?.close().catch((error: unknown) => log.error('source-teardown-failed', error, { topic }));
    this.writer = undefined;
    try {
      outsideCallers(() => this.subscription?.unsubscribe());
    } catch (error) {
      log.error('source-teardown-failed', error, { topic });
    }
  }

  private lose(lease: Lease): void {
    if (this.lease !== lease || this.stopping.signal.aborted) return;
    this.lease = undefined;
    this.unsubscribe();
    void this.wait();
  }

  private async release(): Promise<void> {
    const { lease } = this;
    this.lease = undefined;
    await lease?.release();
  }

  private async endEpoch(): Promise<void> {
    const { broker, topic, kind } = this.options;
    let { epoch, offset } = await broker.read(topic, kind);
    while (offset > 0) ({ epoch, offset } = await broker.replaceEpoch(topic, kind, epoch));
  }

  private retryLater(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    this.options.log.error('source-start-failed', error, { topic: this.options.topic });
    this.retry = this.options.environment.setTimer(() => void this.start(), RETRY_INTERVAL_MS);
  }
}
