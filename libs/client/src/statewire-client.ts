import type { Action, Since, TopicReference } from '@statewire/protocol';
import { distinctUntilChanged, filter, map, type Observable } from 'rxjs';

import { ActionOutbox } from './actions/action-outbox.js';
import type { ClientServices } from './connection/client-services.js';
import { ConnectionManager } from './connection/connection-manager.js';
import { HttpTransport } from './connection/http-transport.js';
import { StatusStore } from './connection/status-store.js';
import { TokenProvider } from './connection/token-provider.js';
import type { ClientEnvironment } from './core/environment.js';
import { MetricsRecorder } from './core/metrics-recorder.js';
import type { ClientMetrics } from './core/metrics.js';
import { resolveOptions, type RealtimeClientOptions } from './core/options.js';
import type { ConnectionStatus } from './core/status.js';
import type { AnyActOptions, RealtimeClient } from './realtime-client.js';
import { ClientTopicRegistry } from './topics/client-topic-registry.js';
import { listUpdates, type OptimisticUpdate } from './topics/optimistic-update.js';
import type { EventDelivery, TopicState } from './topics/topic-state.js';

const DEFAULT_EXPIRES_AFTER_MS = 30_000;

/** Creates the objects of a client, and offers them as a {@link RealtimeClient}. */
export class StatewireClient implements RealtimeClient {
  private readonly services: ClientServices;
  private readonly statusStore: StatusStore;
  private readonly connectionManager: ConnectionManager;

  constructor(given: RealtimeClientOptions, environment: ClientEnvironment) {
    const options = resolveOptions(given);
    const metrics = new MetricsRecorder(environment);
    const tokens = new TokenProvider(given.token, environment);
    this.services = {
      environment,
      options,
      metrics,
      clientId: environment.id(),
      registry: new ClientTopicRegistry(environment, metrics, options.lingerMs, options.reportError),
      outbox: new ActionOutbox(environment),
      tokens,
      http: new HttpTransport(options.httpBase, environment, metrics, tokens),
    };
    this.statusStore = new StatusStore(environment);
    this.connectionManager = new ConnectionManager(this.services, this.statusStore);
  }

  get status$(): Observable<ConnectionStatus> {
    return this.statusStore.status$;
  }

  get status(): ConnectionStatus {
    return this.statusStore.status;
  }

  get metrics$(): Observable<ClientMetrics> {
    return this.services.metrics.metrics$;
  }

  get metrics(): ClientMetrics {
    return this.services.metrics.metrics;
  }

  connect(): void {
    this.connectionManager.connect();
  }

  close(): void {
    if (this.status.state === 'closed') return;
    this.connectionManager.close();
    this.statusStore.close();
    this.services.outbox.close();
    this.services.registry.close();
    this.services.metrics.close();
  }

  state<T>(topic: TopicReference<T, 'state'>): Observable<T> {
    return this.topic(topic).pipe(
      map(({ value, error }) => {
        if (error) throw error;
        return value;
      }),
      filter((value) => value !== undefined),
      distinctUntilChanged(),
    );
  }

  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>> {
    return this.services.registry.states(topic) as Observable<TopicState<T>>;
  }

  events<T>(topic: TopicReference<T, 'events'>, options?: { readonly since?: Since }): Observable<T> {
    return this.deliveries(topic, options).pipe(
      filter((delivery) => delivery.type === 'event'),
      map(({ data }) => data),
    );
  }

  deliveries<T>(
    topic: TopicReference<T, 'events'>,
    { since }: { readonly since?: Since } = {},
  ): Observable<EventDelivery<T>> {
    return this.services.registry.deliveries(topic, since) as Observable<EventDelivery<T>>;
  }

  act(
    { name }: Action,
    data: unknown,
    { expiresAfterMs = DEFAULT_EXPIRES_AFTER_MS, optimistic }: AnyActOptions = {},
  ): Observable<never> {
    const { outbox, registry } = this.services;
    const showUpdates =
      optimistic && (() => registry.showUpdates(listUpdates(optimistic as readonly OptimisticUpdate<never>[])));
    const result = outbox.add(name, data, expiresAfterMs, showUpdates);
    this.connectionManager.start();
    return result as Observable<never>;
  }

  reauthenticate(): void {
    this.connectionManager.reauthenticate();
  }
}
