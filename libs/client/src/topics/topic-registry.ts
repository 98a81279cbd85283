import type { Json, Since, TopicPosition, TopicReference } from '@statewire/protocol';
import { Observable, Subject } from 'rxjs';

import type { Environment, Timer } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import { RealtimeClientError } from '../core/realtime-client-error.js';
import type { EventDelivery, Freshness, TopicState } from './topic-state.js';
import type { OptimisticUpdate } from './optimistic-update.js';
import { EventStore } from './event-store.js';
import type { Update } from './optimistic-overlay.js';
import { StateStore } from './state-store.js';
import type { TopicEntry } from './topic-entry.js';

interface Followed extends TopicEntry {
  followers: number;
  linger: Timer | undefined;
}

/** All topics that somebody follows, each once however many follow it. */
export class TopicRegistry {
  private readonly entries = new Map<string, Followed>();

  private isClosed = false;

  /** Topics to ask the server for: new ones, failed ones that are asked for once more, and ones to be read again. */
  readonly wanted$ = new Subject<TopicEntry>();
  /** Topics that nobody follows any more. */
  readonly unwanted$ = new Subject<TopicEntry>();

  constructor(
    private readonly environment: Environment,
    private readonly metrics: MetricsRecorder,
    private readonly linger: number,
    /** Told what optimistic updates threw. */
    private readonly report: (error: unknown) => void,
  ) {}

  /** Topics that can be asked for. */
  get open(): readonly TopicEntry[] {
    return [...this.entries.values()].filter(({ store }) => store.error === undefined);
  }

  get(name: string): TopicEntry | undefined {
    return this.entries.get(name);
  }

  states(topic: TopicReference<unknown, 'state'>): Observable<TopicState<Json>> {
    return this.follow(topic, (entry) => {
      const { store } = entry;
      return store.kind === 'state' ? store.state$ : undefined;
    });
  }

  deliveries(topic: TopicReference<unknown, 'events'>, since?: Since): Observable<EventDelivery<Json>> {
    return this.follow(topic, (entry) => {
      const { store } = entry;
      return store.kind === 'events' ? store.read(since, () => this.wanted$.next(entry)) : undefined;
    });
  }

  /**
   * Shows what an action will make of topics. Each is followed for as long as its update is shown.
   *
   * @returns what takes the answer: where the topics stand after it, or undefined where it took no effect.
   */
  show(updates: readonly OptimisticUpdate<never>[]): (positions?: readonly TopicPosition[]) => void {
    const settles = updates.flatMap(([topic, update]) => {
      const known = this.entries.get(topic.name);
      if (known?.store.error) return [];
      const entry = known ?? this.entry(topic);
      if (entry.store.kind !== 'state') return [];
      this.retain(entry);
      const settle = entry.store.show(update as unknown as Update, () => this.release(entry));
      return [{ topic: topic.name, settle }];
    });
    return (positions = []) => {
      for (const { topic, settle } of settles) settle(positions.find((position) => position.topic === topic));
    };
  }

  /** Topics that were refused may be allowed now. */
  recover(): void {
    for (const entry of this.entries.values()) if (entry.store.error) this.ask(entry);
  }

  /** Whoever is here now may not be shown any value before the server gave it anew. Events are not kept. */
  withdraw(freshness: Freshness): void {
    for (const { store } of this.entries.values()) if (store.kind === 'state') store.withdraw(freshness);
  }

  /** No transport vouches for these topics any more. */
  stale(since: number, isConcerned: (entry: TopicEntry) => boolean = () => true): void {
    for (const entry of this.entries.values()) {
      if (isConcerned(entry)) entry.store.freshen({ state: 'stale', since });
    }
  }

  close(): void {
    this.isClosed = true;
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const { linger, store } of entries) {
      linger?.cancel();
      store.close();
    }
    this.wanted$.complete();
    this.unwanted$.complete();
  }

  private follow<T>(topic: TopicReference, read: (entry: Followed) => Observable<T> | undefined): Observable<T> {
    return new Observable((subscriber) => {
      if (this.isClosed) return subscriber.complete();
      const entry = this.entry(topic);
      const values$ = read(entry);
      if (values$ === undefined) {
        subscriber.error(
          new RealtimeClientError(
            'kind_mismatch',
            `${topic.name} is followed as ${entry.store.kind}; the same name cannot be ${topic.kind} too.`,
          ),
        );
        return;
      }
      this.retain(entry);
      subscriber.add(() => this.release(entry));
      subscriber.add(values$.subscribe(subscriber));
    });
  }

  private entry(topic: TopicReference): Followed {
    let entry = this.entries.get(topic.name);
    if (entry === undefined) {
      const { environment, metrics } = this;
      const store =
        topic.kind === 'state' ? new StateStore(environment, metrics, this.report) : new EventStore(metrics);
      entry = {
        name: topic.name,
        store,
        carrier: undefined,
        resting: false,
        failures: 0,
        followers: 0,
        linger: undefined,
      };
      this.entries.set(topic.name, entry);
      this.wanted$.next(entry);
    } else if (entry.store.error) {
      this.ask(entry);
    }
    return entry;
  }

  private ask(entry: TopicEntry): void {
    entry.store.recover();
    this.wanted$.next(entry);
  }

  private retain(entry: Followed): void {
    entry.followers += 1;
    entry.linger?.cancel();
  }

  private release(entry: Followed): void {
    entry.followers -= 1;
    if (entry.followers > 0 || this.entries.get(entry.name) !== entry) return;
    const forget = () => {
      this.entries.delete(entry.name);
      this.unwanted$.next(entry);
    };
    if (this.linger === 0) forget();
    else entry.linger = this.environment.setTimer(forget, this.linger);
  }
}
