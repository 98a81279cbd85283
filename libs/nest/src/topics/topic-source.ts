import type { TopicKind } from '@statewire/protocol';
import type { Observable, Subscription } from 'rxjs';

import type { Broker, Lease } from '../core/broker.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';

/** How often a node asks whether the one that runs the source has let go of it. */
const LEASE_INTERVAL = 2_000;

/** The lease of the node that runs the source of a topic. */
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
}

/**
 * Runs the observable that is a topic's one writer, on the one node that holds the lease for it. Whoever stops running it
 * ends the epoch, because nobody publishes until it runs again. So does whoever starts it, in case the last one crashed.
 */
export class TopicSource {
  private stopped = false;
  private broken = false;
  private lease: Lease | undefined;
  private subscription: Subscription | undefined;
  private retry: Timer | undefined;

  constructor(private readonly options: TopicSourceOptions) {}

  /** Whether the observable failed, and the topic was closed for it. */
  get failed(): boolean {
    return this.broken;
  }

  /** Resolves when the source runs, here or elsewhere. */
  async start(): Promise<void> {
    try {
      const { broker, topic } = this.options;
      const lease = await broker.lease(sourceLease(topic));
      if (lease === undefined) return this.startLater();
      this.lease = lease;
      if (this.isStopped) return await this.release(lease);
      void lease.lost.then(() => this.lose(lease));
      await this.endEpoch();
      if (!this.isStopped && this.lease === lease) this.run();
    } catch (error) {
      this.options.log.error('source not started', error, { topic: this.options.topic });
      this.startLater();
    }
  }

  /** @param closed the topic was closed: there is no epoch to end. */
  async stop(closed: boolean): Promise<void> {
    this.stopped = true;
    this.retry?.cancel();
    this.unsubscribe();
    const { lease } = this;
    if (lease === undefined) return;
    if (!closed) await this.endEpoch();
    await this.release(lease);
  }

  // A getter, because it changes while `start` waits.
  private get isStopped(): boolean {
    return this.stopped;
  }

  private run(): void {
    const { broker, log, publish, source, topic } = this.options;
    this.subscription = source.subscribe({
      next: (value) => {
        publish(value).catch((error: unknown) => log.error('publication failed', error, { topic }));
      },
      error: (error: unknown) => {
        this.broken = true;
        log.error('source failed, topic closed', error, { topic });
        broker.close(topic).catch((failure: unknown) => log.error('topic not closed', failure, { topic }));
      },
    });
  }

  /** What the source does at its end may fail, and must keep neither the lease nor the epoch. */
  private unsubscribe(): void {
    const { log, topic } = this.options;
    try {
      this.subscription?.unsubscribe();
    } catch (error) {
      log.error('source failed at its end', error, { topic });
    }
  }

  private lose(lease: Lease): void {
    if (this.lease !== lease || this.stopped) return;
    this.lease = undefined;
    this.unsubscribe();
    this.startLater();
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

  private startLater(): void {
    if (this.stopped) return;
    this.retry = this.options.environment.setTimer(() => void this.start(), LEASE_INTERVAL);
  }
}
