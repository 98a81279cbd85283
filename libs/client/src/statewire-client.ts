import type { Action, TopicReference } from '@statewire/protocol';
import { distinctUntilChanged, filter, map, merge, Observable } from 'rxjs';

import { ActionOutbox } from './actions/action-outbox.js';
import type { ClientServices } from './connection/client-services.js';
import { ConnectionManager } from './connection/connection-manager.js';
import { StatusStore } from './connection/status-store.js';
import { TokenProvider } from './connection/token-provider.js';
import type { ClientEnvironment, Timer } from './core/environment.js';
import { MetricsRecorder } from './core/metrics-recorder.js';
import type { ClientMetrics } from './core/metrics.js';
import { resolveOptions, type RealtimeClientOptions } from './core/options.js';
import { RealtimeClientError } from './core/realtime-client-error.js';
import type { ConnectionStatus } from './core/status.js';
import type { AnyActOptions, RealtimeClient } from './realtime-client.js';
import { ClientTopicRegistry } from './topics/client-topic-registry.js';
import { listUpdates, type OptimisticUpdate } from './topics/optimistic-update.js';
import type { EventDelivery, EventOptions, TopicState } from './topics/topic-state.js';

const DEFAULT_EXPIRES_AFTER_MS = 30_000;

/** Creates the objects of a client, and offers them as a {@link RealtimeClient}. */
export class StatewireClient implements RealtimeClient {
  readonly #services: ClientServices;
  readonly #statusStore: StatusStore;
  readonly #connectionManager: ConnectionManager;
  #disuseTimer: Timer | undefined;
  #isClosed = false;

  /** @param loadHttpFallback applies unless the environment has its own. */
  constructor(
    given: RealtimeClientOptions,
    environment: ClientEnvironment,
    loadHttpFallback: NonNullable<ClientEnvironment['loadHttpFallback']>,
  ) {
    const options = resolveOptions(given);
    const metrics = new MetricsRecorder(environment);
    this.#services = {
      environment,
      options,
      metrics,
      clientId: environment.id(),
      isStatusObserved: () => this.#statusStore.isObserved,
      registry: new ClientTopicRegistry(environment, metrics, options.lingerMs, options.reportError),
      outbox: new ActionOutbox(environment),
      tokens: new TokenProvider(given.token, environment),
      loadHttpFallback: environment.loadHttpFallback ?? loadHttpFallback,
    };
    this.#statusStore = new StatusStore(environment);
    this.#connectionManager = new ConnectionManager(this.#services, this.#statusStore);
    const { requested$, released$ } = this.#services.registry;
    merge(requested$, released$).subscribe(() => this.#awaitDisuse());
  }

  get status$(): Observable<ConnectionStatus> {
    return this.#statusStore.status$;
  }

  get status(): ConnectionStatus {
    return this.#statusStore.status;
  }

  get metrics$(): Observable<ClientMetrics> {
    return this.#services.metrics.metrics$;
  }

  get metrics(): ClientMetrics {
    return this.#services.metrics.metrics;
  }

  connect(): void {
    this.#connectionManager.connect();
    this.#awaitDisuse();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#disuseTimer?.cancel();
    this.#connectionManager.close();
    this.#statusStore.close();
    this.#services.outbox.close();
    this.#services.registry.close();
    this.#services.metrics.close();
  }

  state<T>(topic: TopicReference<T, 'state'>): Observable<T> {
    return this.topic(topic).pipe(
      map(({ value, error }) => {
        if (error && !error.temporary) throw error;
        return value;
      }),
      filter((value) => value !== undefined),
      distinctUntilChanged(),
    );
  }

  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>> {
    return this.#services.registry.states(topic) as Observable<TopicState<T>>;
  }

  events<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<T> {
    return this.deliveries(topic, options).pipe(
      filter((delivery) => delivery.type === 'event'),
      map(({ data }) => data),
    );
  }

  deliveries<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<EventDelivery<T>> {
    return this.#services.registry.deliveries(topic, options) as Observable<EventDelivery<T>>;
  }

  act(
    { name }: Action,
    data: unknown,
    { expiresAfterMs = DEFAULT_EXPIRES_AFTER_MS, optimistic }: AnyActOptions = {},
  ): Observable<never> {
    const { outbox, registry } = this.#services;
    const showUpdates =
      optimistic && (() => registry.showUpdates(listUpdates(optimistic as readonly OptimisticUpdate<never>[])));
    const result = outbox.add(name, data, expiresAfterMs, showUpdates);
    this.#connectionManager.start();
    this.#awaitDisuse();
    const { options, environment } = this.#services;
    const wasClosed = this.#isClosed;
    // The application knows that it closed the client.
    const report = (error: unknown) => (wasClosed || !this.#isClosed) && options.reportError(error);
    return reportUnobserved(name, result, report, environment) as Observable<never>;
  }

  reauthenticate(): void {
    this.#connectionManager.reauthenticate();
  }

  /** Disconnects if nothing uses the client when the time of the option `disconnectAfterMs` is over. */
  #awaitDisuse(): void {
    const { environment, options, outbox, registry } = this.#services;
    this.#disuseTimer?.cancel();
    if (options.disconnectAfterMs === 0 || this.#isClosed) return;
    this.#disuseTimer = environment.setTimer(() => {
      if (!registry.isEmpty || this.status.state === 'denied') return;
      if (!outbox.isEmpty) return this.#awaitDisuse();
      this.#connectionManager.stop();
      this.#statusStore.update({ state: 'idle' });
    }, options.disconnectAfterMs);
  }
}

/**
 * Returns the result of an action for the application, and reports its error if there is no subscriber at that moment.
 * The reported message names the action.
 */
function reportUnobserved<T>(
  name: string,
  result$: Observable<T>,
  report: (error: unknown) => void,
  { queueMicrotask = globalThis.queueMicrotask }: ClientEnvironment,
): Observable<T> {
  let subscribers = 0;
  let subscriptions = 0;
  result$.subscribe({
    error: (error: RealtimeClientError) => {
      const before = subscriptions;
      if (subscribers > 0) return;
      // An action that fails at once has an error before its caller can subscribe.
      queueMicrotask(() => subscriptions === before && report(unhandledError(name, error)));
    },
  });
  return new Observable((subscriber) => {
    subscribers++;
    subscriptions++;
    subscriber.add(() => void subscribers--);
    return result$.subscribe(subscriber);
  });
}

/** Returns the error of an action for a log, where nothing else names the action. */
function unhandledError(name: string, { code, message, details, temporary }: RealtimeClientError): RealtimeClientError {
  return new RealtimeClientError(code, `The action "${name}" failed (${code}). ${message}`, details, temporary);
}
