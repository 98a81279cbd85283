import type { Json, TopicKind, TopicPosition, TopicReference } from '@statewire/protocol';
import { Observable, Subject } from 'rxjs';

import type { ClientEnvironment, Timer } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import { RealtimeClientError } from '../core/realtime-client-error.js';
import { EventStore } from './event-store.js';
import type { Update } from './optimistic-overlay.js';
import type { OptimisticUpdate } from './optimistic-update.js';
import { StateStore } from './state-store.js';
import type { TopicEntry } from './topic-entry.js';
import type { EventDelivery, EventOptions, Freshness, TopicState } from './topic-state.js';

interface FollowedTopic extends TopicEntry {
  followers: number;
  linger: Timer | undefined;
}

/** The topics that the application follows, each once however many subscribers it has. */
export class ClientTopicRegistry {
  readonly #environment: ClientEnvironment;
  readonly #metrics: MetricsRecorder;
  /** Milliseconds between the last subscriber and the release of a topic. */
  readonly #lingerMs: number;
  /** Receives the errors of optimistic updates. */
  readonly #reportError: (error: unknown) => void;

  readonly #entries = new Map<string, FollowedTopic>();

  #isClosed = false;

  /** Topics that the client has to request: new ones, failed ones that may work again, and events to replay. */
  readonly requested$ = new Subject<TopicEntry>();
  /** Topics that the application no longer follows. */
  readonly released$ = new Subject<TopicEntry>();

  constructor(
    environment: ClientEnvironment,
    metrics: MetricsRecorder,
    lingerMs: number,
    reportError: (error: unknown) => void,
  ) {
    this.#environment = environment;
    this.#metrics = metrics;
    this.#lingerMs = lingerMs;
    this.#reportError = reportError;
  }

  /** The topics without an error. */
  get requestable(): readonly TopicEntry[] {
    return [...this.#entries.values()].filter(({ store }) => store.error === undefined);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(name: string): TopicEntry | undefined {
    return this.#entries.get(name);
  }

  states(topic: TopicReference<unknown, 'state'>): Observable<TopicState<Json>> {
    return this.#follow(topic, 'state', (entry) => {
      const { store } = entry;
      return store.kind === 'state' ? store.state$ : undefined;
    });
  }

  deliveries(
    topic: TopicReference<unknown, 'events'>,
    { since, onUnavailable }: EventOptions = {},
  ): Observable<EventDelivery<Json>> {
    return this.#follow(topic, 'events', (entry) => {
      const { store } = entry;
      return store.kind === 'events' ? store.read(since, () => this.requested$.next(entry), onUnavailable) : undefined;
    });
  }

  /**
   * Shows the optimistic updates of an action, and follows each topic for as long as it shows an update.
   *
   * @returns a function that takes the positions in the acknowledgement, or nothing if the action had no effect.
   */
  showUpdates(updates: readonly OptimisticUpdate<never>[]): (positions?: readonly TopicPosition[]) => void {
    const settles = updates.flatMap(([topic, update]) => {
      const existing = this.#entries.get(topic.name);
      if (existing?.store.error) return [];
      const entry = existing ?? this.#findOrAdd(topic);
      if (entry.store.kind !== 'state') return [];
      this.#retain(entry);
      const settle = entry.store.showUpdate(update as unknown as Update, () => this.#release(entry));
      return [{ topic: topic.name, settle }];
    });
    return (positions = []) => {
      for (const { topic, settle } of settles) settle(positions.find((position) => position.topic === topic));
    };
  }

  /** Requests the failed topics again, because they may be allowed now. */
  retryFailed(): void {
    for (const entry of this.#entries.values()) if (entry.store.error) this.#retry(entry);
  }

  /** Drops every value until the server sends it again, because another user may look at the application now. */
  withdrawValues(freshness: Freshness): void {
    for (const { store } of this.#entries.values()) if (store.kind === 'state') store.withdraw(freshness);
  }

  /** Marks topics as stale that no transport keeps current. `staleSince` is in milliseconds since the Unix epoch. */
  markStale(staleSince: number, isAffected: (entry: TopicEntry) => boolean = () => true): void {
    for (const entry of this.#entries.values()) {
      if (isAffected(entry)) entry.store.setFreshness({ state: 'stale', staleSince });
    }
  }

  close(): void {
    this.#isClosed = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { linger, store } of entries) {
      linger?.cancel();
      store.close();
    }
    this.requested$.complete();
    this.released$.complete();
  }

  #follow<T>(
    topic: TopicReference,
    kind: TopicKind,
    read: (entry: FollowedTopic) => Observable<T> | undefined,
  ): Observable<T> {
    return new Observable((subscriber) => {
      if (this.#isClosed) return subscriber.complete();
      const entry = this.#findOrAdd(topic);
      const values$ = read(entry);
      if (values$ === undefined) {
        subscriber.error(
          new RealtimeClientError(
            'kind_mismatch',
            `The topic "${topic.name}" is followed with kind "${entry.store.kind}", so it cannot be followed with kind ` +
              `"${kind}" too. Use one kind for each topic name.`,
          ),
        );
        return;
      }
      this.#retain(entry);
      subscriber.add(() => this.#release(entry));
      subscriber.add(values$.subscribe(subscriber));
    });
  }

  #findOrAdd(topic: TopicReference): FollowedTopic {
    let entry = this.#entries.get(topic.name);
    if (entry === undefined) {
      const environment = this.#environment;
      const metrics = this.#metrics;
      const store =
        topic.kind === 'state'
          ? new StateStore(environment, metrics, this.#reportError, topic)
          : new EventStore(metrics);
      entry = {
        name: topic.name,
        store,
        subscription: undefined,
        isDeferred: false,
        failures: 0,
        followers: 0,
        linger: undefined,
      };
      this.#entries.set(topic.name, entry);
      this.requested$.next(entry);
    } else if (entry.store.error) {
      this.#retry(entry);
    }
    return entry;
  }

  #retry(entry: TopicEntry): void {
    entry.store.recover();
    this.requested$.next(entry);
  }

  #retain(entry: FollowedTopic): void {
    entry.followers += 1;
    entry.linger?.cancel();
  }

  #release(entry: FollowedTopic): void {
    entry.followers -= 1;
    if (entry.followers > 0 || this.#entries.get(entry.name) !== entry) return;
    const remove = () => {
      this.#entries.delete(entry.name);
      this.released$.next(entry);
    };
    if (this.#lingerMs === 0) remove();
    else entry.linger = this.#environment.setTimer(remove, this.#lingerMs);
  }
}
