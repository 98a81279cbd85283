import type { Action, Since, TopicReference } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { ClientMetrics } from './metrics.js';
import type { ConnectionStatus } from './status.js';
import type { EventDelivery, TopicState } from './topic-state.js';

export interface ActOptions {
  /**
   * An action that was never sent fails with `not_sent` after this many ms without any transport. Default 30,000;
   * 0 keeps it until a transport is up.
   */
  readonly expiresAfter?: number;
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
   */
  act<D, R>(action: Action<D, R>, data: NoInfer<D>, options?: ActOptions): Observable<R>;

  /** The credentials changed: gets a new token and authenticates in place, or reconnects where the identity changed. */
  reauthenticate(): void;
}
