import type { Action, Since, TopicReference } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { OptimisticUpdate, OptimisticUpdates } from './topics/optimistic-update.js';
import type { ClientMetrics } from './core/metrics.js';
import type { ConnectionStatus } from './core/status.js';
import type { EventDelivery, TopicState } from './topics/topic-state.js';

export interface ActOptions<T = never, Several extends readonly unknown[] = readonly never[]> {
  /**
   * An action that was never sent fails with `not_sent` after this many ms without any transport. Default 30,000;
   * 0 keeps it until a transport is up.
   */
  readonly expiresAfter?: number;
  /**
   * What to show until the server's own word arrives: `[topic, update]`, or a list of these. An update is shown from
   * now on, over every newer value, and dropped in the very state in which its effect arrives; at once where the action
   * did not change the topic, is refused or fails. One that throws, or gives back undefined, is dropped and told
   * to `onError`.
   */
  readonly optimistic?: OptimisticUpdate<T> | OptimisticUpdates<Several>;
}

/** What an application uses. Made by `createRealtimeClient(options)`. */
export interface RealtimeClient {
  readonly status$: Observable<ConnectionStatus>;
  readonly status: ConnectionStatus;

  /** Counters since the client was made; a new object at most every 250 ms while something changes. */
  readonly metrics$: Observable<ClientMetrics>;
  readonly metrics: ClientMetrics;

  /** Opens the connection. Called by the first subscription or action on its own; needed only after `denied` or `close`. */
  connect(): void;
  /** Ends everything: observables complete, unanswered actions err with `outcome_unknown` or `not_sent`. */
  close(): void;

  /**
   * The values of a state topic: the newest first, then each change. Errs when the topic is refused, unknown or closed.
   * Subscribers of one topic share one subscription, which ends 1 s after the last of them left (`linger`).
   */
  state<T>(topic: TopicReference<T, 'state'>): Observable<T>;

  /** The same with position, freshness and error; never errs. */
  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>>;

  /** The events of a topic, each once and in order. Errs when the topic is refused, unknown or closed. */
  events<T>(topic: TopicReference<T, 'events'>, options?: { readonly since?: Since }): Observable<T>;

  /** The same with positions, and a `lost` where history no longer reached. */
  deliveries<T>(topic: TopicReference<T, 'events'>, options?: { readonly since?: Since }): Observable<EventDelivery<T>>;

  /**
   * Sends an action at once, whether or not anybody subscribes (hot, sent once), over whatever transport is up, and
   * again after reconnects until it is answered. Emits the result and completes; errs with a `RealtimeClientError`.
   *
   * @example
   * client.act(pause, { battleId }, { optimistic: [battle.with({ battleId }), (value) => ({ ...value, paused: true })] });
   */
  act<D, R, T = never, Several extends readonly unknown[] | [] = []>(
    action: Action<D, R>,
    data: NoInfer<D>,
    options?: ActOptions<T, Several>,
  ): Observable<R>;

  /**
   * The credentials changed: gets a new token and authenticates in place, or reconnects where the identity changed. A token
   * that is refused may have expired on its way: one more is asked for, as `expired`. Refused as well, it leaves the old
   * credentials in force until they end.
   */
  reauthenticate(): void;
}
