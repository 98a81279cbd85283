import type { TopicKind } from '@statewire/protocol';
import type { Observable, Subscription } from 'rxjs';

import type { Broker, Lease } from '../core/broker.js';
import { outsideCallers, type Environment, type Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';

/** Milliseconds between two attempts to get the lease that another node holds. */
const LEASE_INTERVAL_MS = 2_000;

/** Returns the name of the lease for running the source of a topic. */
export function sourceLease(topic: string): string {
  return `source:${topic}`;
}

export interface TopicSourceOptions {
  readonly topic: string;
  readonly kind: TopicKind;
  readonly source: Observable<unknown>;
  readonly broker: Broker;
  readonly environment: Pick<Environment, 'setTimer'>;
  readonly log: Pick<RealtimeLog, 'error'>;
  readonly publish: (value: unknown) => Promise<unknown>;
  /** Called when the observable fails. */
  readonly onFailed: () => void;
}

/**
 * Runs the observable that is the only writer of a topic. Only the node that holds the lease runs it. A node ends the
 * epoch when it stops the observable, because no publication follows until the observable runs again. A node also ends
 * the epoch when it starts the observable, in case the previous node crashed.
 */
export class TopicSource {
  private stopped = false;
  private hasFailed = false;
  private lease: Lease | undefined;
  private subscription: Subscription | undefined;
  private retry: Timer | undefined;

  constructor(private readonly options: TopicSourceOptions) {}

  /** Whether the observable failed. */
  get failed(): boolean {
    return this.hasFailed;
  }

  /** Resolves when the source runs on this node or on another one. */
  async start(): Promise<void> {
    try {
      const { broker, topic } = this.options;
      const lease = await broker.lease(sourceLease(topic));
      if (lease === undefined) return this.retryLater();
      this.lease = lease;
      if (this.isStopped) return await this.release(lease);
      void lease.lost.then(() => this.lose(lease));
      await this.endEpoch();
      if (!this.isStopped && this.lease === lease) this.run();
    } catch (error) {
      this.options.log.error('source-start-failed', error, { topic: this.options.topic });
      this.retryLater();
    }
  }

  /**
   * Ends the epoch, unless the observable failed. Then readers keep the last value until the observable runs again.
   *
   * @param closed whether the topic was closed. Then there is no epoch to end.
   */
  async stop(closed: boolean): Promise<void> {
    this.stopped = true;
    this.retry?.cancel();
    this.unsubscribe();
    const { lease } = this;
    if (lease === undefined) return;
    if (!closed && !this.failed) await this.endEpoch();
    await this.release(lease);
  }

  // A getter, because it changes while `start` waits.
  private get isStopped(): boolean {
    return this.stopped;
  }

  private run(): void {
    const { log, onFailed, publish, source, topic } = this.options;
    const observer = {
      next: (value: unknown) => {
        publish(value).catch((error: unknown) => log.error('publication-failed', error, { topic }));
      },
      error: (error: unknown) => {
        this.hasFailed = true;
        log.error('source-failed', error, { topic });
        onFailed();
      },
    };
    this.subscription = outsideCallers(() => source.subscribe(observer));
  }

  /** Unsubscribes from the observable. An error of its teardown must not keep the lease or the epoch. */
  private unsubscribe(): void {
    const { log, topic } = this.options;
    try {
      outsideCallers(() => this.subscription?.unsubscribe());
    } catch (error) {
      log.error('source-teardown-failed', error, { topic });
    }
  }

  private lose(lease: Lease): void {
    if (this.lease !== lease || this.stopped) return;
    this.lease = undefined;
    this.unsubscribe();
    this.retryLater();
  }

  private async release(lease: Lease): Promise<void> {
    this.lease = undefined;
    await lease.release();
  }

  private async endEpoch(): Promise<void> {
    const { broker, topic, kind } = this.options;
    let { epoch, offset } = await broker.read(topic, kind);
    while (offset > 0) ({ epoch, offset } = await broker.replaceEpoch(topic, kind, epoch));
  }

  private retryLater(): void {
    if (this.stopped) return;
    this.retry = this.options.environment.setTimer(() => void this.start(), LEASE_INTERVAL_MS);
  }
}
