import { DestroyRef, inject, Injectable, signal, type Signal } from '@angular/core';
import type {
  ActOptions,
  AnyActOptions,
  ClientMetrics,
  ConnectionStatus,
  EventDelivery,
  EventOptions,
  MultiTopicActOptions,
  RealtimeClient,
  TopicState,
} from '@statewire/client';
import type { Action, TopicReference } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import { ActionErrors } from './action-errors.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { Updates } from './updates.js';

/**
 * The client of the application. Its observables emit every value in order, inside the Angular zone if there is one, in
 * batches of at most one per frame. They are cold except that of `act()`. They complete when the injector is destroyed.
 * End a subscription earlier with `takeUntilDestroyed()`, the `async` pipe or `toSignal()`.
 *
 * @example
 * readonly battle$ = inject(RealtimeService).state(battle.with({ battleId: '42' }));
 */
@Injectable({ providedIn: 'root' })
export class RealtimeService {
  readonly #client: RealtimeClient = inject(REALTIME_CLIENT);
  readonly #updates = inject(Updates);
  readonly #actionErrors = inject(ActionErrors);
  readonly #status = signal(this.#client.status);
  readonly #metrics = signal(this.#client.metrics);

  /** Emits the status of the connection, then each change. */
  readonly status$: Observable<ConnectionStatus> = this.#updates.observe(this.#client.status$);
  /** The status of the connection. */
  readonly status: Signal<ConnectionStatus> = this.#status.asReadonly();

  /** Emits the counters since the client was created, then new ones at most every 250 ms while they change. */
  readonly metrics$: Observable<ClientMetrics> = this.#updates.observe(this.#client.metrics$);
  /** The counters since the client was created. */
  readonly metrics: Signal<ClientMetrics> = this.#metrics.asReadonly();

  constructor() {
    const destroyed = inject(DestroyRef);
    destroyed.onDestroy(this.#updates.follow(this.#client.status$, this.#status));
    destroyed.onDestroy(this.#updates.follow(this.#client.metrics$, this.#metrics));
  }

  /**
   * Connects. The first subscription or action connects by itself, so an application needs this only to connect early,
   * and to try again after the status `denied`. Does nothing after `close()`.
   */
  connect(): void {
    this.#updates.outside(() => this.#client.connect());
  }

  /** Closes the client for good. Observables complete. Unanswered actions fail with `outcome_unknown` or `not_sent`. */
  close(): void {
    this.#updates.outside(() => this.#client.close());
  }

  /**
   * Presents a new token, because the user signed in or out. The client authenticates on the open connection, and
   * reconnects if the user is another one. With a signal in `withAuth()` this happens by itself.
   */
  reauthenticate(): void {
    this.#updates.outside(() => this.#client.reauthenticate());
  }

  /**
   * Emits the newest value of a state topic, then each change. Fails with a `RealtimeClientError` if the topic is
   * forbidden, unknown or closed. `topic()` and `injectTopic()` also tell whether a value is current.
   */
  state<T>(topic: TopicReference<T, 'state'>): Observable<T> {
    return this.#updates.observe(this.#client.state(topic));
  }

  /** Emits the value of a state topic with its position, freshness and error. It never fails. */
  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>> {
    return this.#updates.observe(this.#client.topic(topic));
  }

  /** Emits each event of a topic once and in order. Fails like `state()`. */
  events<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<T> {
    return this.#updates.observe(this.#client.events(topic, options));
  }

  /** Emits events like `events()` with their positions, and a `lost` wherever the server no longer has some events. */
  deliveries<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<EventDelivery<T>> {
    return this.#updates.observe(this.#client.deliveries(topic, options));
  }

  /**
   * Sends an action at once and once, whether or not anybody subscribes, and again after each reconnect until the
   * server answers. Emits the result and completes, or fails with a `RealtimeClientError`, whose `details` name the
   * wrong fields. With `optimistic` the application sees the effect at once.
   *
   * The error goes to Angular's `ErrorHandler` if nobody is subscribed at that moment, or if the subscriber has no
   * error callback. In a component `injectAction()` is often simpler.
   *
   * @example
   * realtime.act(pause, { battleId }, {
   *   optimistic: [battle.with({ battleId }), (value) => ({ ...value, paused: true })],
   * });
   */
  act<D, R, Values extends readonly unknown[] | []>(
    action: Action<D, R>,
    data: NoInfer<D>,
    options: MultiTopicActOptions<Values>,
  ): Observable<R>;
  /** Sends an action, with an optimistic update of one topic or without one. */
  act<D, R, T = never>(action: Action<D, R>, data: NoInfer<D>, options?: ActOptions<T>): Observable<R>;
  act<R>(action: Action<unknown, R>, data: unknown, options?: AnyActOptions): Observable<R> {
    return this.#actionErrors.watch(
      action.name,
      this.#updates.outside(() => this.#client.act(action, data, options as ActOptions)),
    );
  }
}
