import { DestroyRef, inject, Injectable, signal, type Signal } from '@angular/core';
import type {
  ActOptions,
  ClientMetrics,
  ConnectionStatus,
  EventDelivery,
  RealtimeClient,
  TopicState,
} from '@statewire/client';
import type { Action, Since, TopicReference } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import { ActionErrors } from './action-errors.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { Updates } from './updates.js';

/**
 * The realtime client as Angular likes it: its observables emit inside the Angular zone where there is one, batched to
 * at most one delivery per frame, with every value in order. They are cold unless said otherwise; end a subscription
 * with `takeUntilDestroyed()`, the `async` pipe or `toSignal()`. All complete when the injector is destroyed.
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

  /** The state of the connection: the present one first, then each change. */
  readonly status$: Observable<ConnectionStatus> = this.#updates.observe(this.#client.status$);
  /** The same as a signal. */
  readonly status: Signal<ConnectionStatus> = this.#status.asReadonly();

  /** Counters since the client was made, at most every 250 ms. */
  readonly metrics$: Observable<ClientMetrics> = this.#updates.observe(this.#client.metrics$);
  /** The same as a signal. */
  readonly metrics: Signal<ClientMetrics> = this.#metrics.asReadonly();

  constructor() {
    const destroyed = inject(DestroyRef);
    destroyed.onDestroy(this.#updates.follow(this.#client.status$, this.#status));
    destroyed.onDestroy(this.#updates.follow(this.#client.metrics$, this.#metrics));
  }

  /** Opens the connection. Needed only after `denied` or `close()`: subscriptions and actions open it on their own. */
  connect(): void {
    this.#updates.outside(() => this.#client.connect());
  }

  /** Ends everything: observables complete, unanswered actions err with `outcome_unknown` or `not_sent`. */
  close(): void {
    this.#updates.outside(() => this.#client.close());
  }

  /** Somebody signed in or out: gets a new token and authenticates in place, or reconnects with the new identity. */
  reauthenticate(): void {
    this.#updates.outside(() => this.#client.reauthenticate());
  }

  /**
   * The values of a state topic: the newest first, then each change. Errs with a `RealtimeClientError` when the topic is
   * refused, unknown or closed. Where freshness matters take `topic()` or `injectTopic()`.
   */
  state<T>(topic: TopicReference<T, 'state'>): Observable<T> {
    return this.#updates.observe(this.#client.state(topic));
  }

  /** A state topic with position, freshness and error; never errs. */
  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>> {
    return this.#updates.observe(this.#client.topic(topic));
  }

  /** The events of a topic, each once and in order. Errs like `state()`. */
  events<T>(topic: TopicReference<T, 'events'>, options?: { readonly since?: Since }): Observable<T> {
    return this.#updates.observe(this.#client.events(topic, options));
  }

  /** The same with positions, and a `lost` where history no longer reached. */
  deliveries<T>(
    topic: TopicReference<T, 'events'>,
    options?: { readonly since?: Since },
  ): Observable<EventDelivery<T>> {
    return this.#updates.observe(this.#client.deliveries(topic, options));
  }

  /**
   * Sends an action at once and once, whether or not anybody subscribes, and again after each reconnect until the server
   * answers. Emits the result and completes, or fails with a `RealtimeClientError`, whose `details` name the wrong fields.
   * With `optimistic` the application sees the effect at once.
   *
   * The error goes to Angular's `ErrorHandler` if nobody is subscribed at that moment, or if the subscriber has no error
   * callback. In a component `injectAction()` is often simpler.
   *
   * @example
   * realtime.act(pause, { battleId }, { optimistic: [battle.with({ battleId }), (value) => ({ ...value, paused: true })] });
   */
  act<D, R, T = never, Several extends readonly unknown[] | [] = []>(
    action: Action<D, R>,
    data: NoInfer<D>,
    options?: ActOptions<T, Several>,
  ): Observable<R> {
    return this.#actionErrors.watch(this.#updates.outside(() => this.#client.act(action, data, options)));
  }
}
