import type { Action, TopicReference } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { ClientMetrics } from './core/metrics.js';
import type { ConnectionStatus } from './core/status.js';
import type { OptimisticUpdate, OptimisticUpdates } from './topics/optimistic-update.js';
import type { EventDelivery, EventOptions, TopicState } from './topics/topic-state.js';

/** What the options of every form of `act()` have in common. */
export interface AnyActOptions {
  /**
   * Milliseconds after which an action that the client could not send fails with `not_sent`. Default 30,000. 0 keeps
   * the action until there is a connection.
   */
  readonly expiresAfterMs?: number;
  /**
   * An optimistic update, `[topic, update]`, or a list of them. The client shows them until the server's value has the
   * effect of the action. It applies an update on top of every newer value. It drops the update in the same state in
   * which the effect arrives, and at once if the action fails or does not change the topic. If an update throws or
   * returns undefined, the client drops it and passes the error to `onError`.
   */
  readonly optimistic?: readonly unknown[];
}

/** Options of `act()`. */
export interface ActOptions<T = never> extends AnyActOptions {
  readonly optimistic?: OptimisticUpdate<T>;
}

/** Options of `act()` with a list of optimistic updates. */
export interface MultiTopicActOptions<Values extends readonly unknown[]> extends AnyActOptions {
  readonly optimistic: OptimisticUpdates<Values>;
}

/** Follows topics and sends actions. `createRealtimeClient(options)` creates it. */
export interface RealtimeClient {
  /** Emits the current status, then each change. Completes with `close()`. */
  readonly status$: Observable<ConnectionStatus>;
  /** The current status, as a snapshot. */
  readonly status: ConnectionStatus;

  /** Emits the current counters, then new ones at most every 250 ms while they change. Completes with `close()`. */
  readonly metrics$: Observable<ClientMetrics>;
  /** The current counters, as a snapshot. */
  readonly metrics: ClientMetrics;

  /**
   * Connects. The first subscription or action connects by itself, so an application needs this only to connect early,
   * and to try again after the status `denied`. Does nothing after `close()`.
   */
  connect(): void;

  /**
   * Closes the client for good. Observables complete. Unanswered actions fail with `outcome_unknown`, or with
   * `not_sent` if they were never sent.
   */
  close(): void;

  /**
   * Emits the newest value of a state topic, then each change. Fails with a `RealtimeClientError` if the topic is
   * forbidden, unknown or closed, and waits if the server cannot serve it for now. All subscribers of a topic share one
   * subscription on the server. It ends 1,000 ms (the option `lingerMs`) after the last subscriber left.
   *
   * @example
   * client.state(battle.with({ battleId: '42' })).subscribe(draw);
   */
  state<T>(topic: TopicReference<T, 'state'>): Observable<T>;

  /** Emits the value of a state topic with its position, freshness and error. It never fails. */
  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>>;

  /**
   * Emits each event of a topic once and in order. Fails with a `RealtimeClientError` if the topic is forbidden,
   * unknown or closed.
   */
  events<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<T>;

  /** Emits events like `events()` with their positions, and a `lost` wherever the server no longer has some events. */
  deliveries<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<EventDelivery<T>>;

  /**
   * Sends an action at once, even without a subscriber of the result. Several subscribers do not send it again. The
   * client resends it after each reconnect, on any transport, until the server answers. The action takes effect at most
   * once.
   *
   * @returns the result: one value, or a `RealtimeClientError` such as `forbidden`, `not_sent` or `outcome_unknown`.
   * @example
   * client.act(pause, { battleId }, {
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

  /**
   * Presents a new token. Call it after the user signs in or out, or gets other rights. The client authenticates on the
   * open connection, and reconnects if the user is a different one. If the server rejects the token, the client calls
   * the option `token` again with the reason `expired`. If the server rejects that token too, the old credentials stay
   * in force until they expire.
   */
  reauthenticate(): void;
}
