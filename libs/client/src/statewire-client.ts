import type { Action, Since, TopicReference } from '@statewire/protocol';
import { distinctUntilChanged, filter, map, type Observable } from 'rxjs';

import { ActionOutbox } from './actions/action-outbox.js';
import type { ActOptions, RealtimeClient } from './realtime-client.js';
import type { ClientParts } from './connection/client-parts.js';
import type { Environment } from './core/environment.js';
import type { ClientMetrics } from './core/metrics.js';
import { MetricsRecorder } from './core/metrics-recorder.js';
import { Monitor } from './connection/monitor.js';
import { StatusBoard } from './connection/status-board.js';
import { listUpdates, type OptimisticUpdate } from './topics/optimistic-update.js';
import type { RealtimeClientOptions } from './core/options.js';
import { resolveOptions } from './core/resolved-options.js';
import type { ConnectionStatus } from './core/status.js';
import { TokenSource } from './connection/token-source.js';
import type { EventDelivery, TopicState } from './topics/topic-state.js';
import { TopicRegistry } from './topics/topic-registry.js';
import { HttpTransport } from './connection/http-transport.js';

const EXPIRES_AFTER = 30_000;

export class StatewireClient implements RealtimeClient {
  private readonly parts: ClientParts;
  private readonly board: StatusBoard;
  private readonly monitor: Monitor;

  constructor(given: RealtimeClientOptions, environment: Environment) {
    const options = resolveOptions(given);
    const metrics = new MetricsRecorder(environment);
    const tokens = new TokenSource(given.token, environment);
    this.parts = {
      environment,
      options,
      metrics,
      clientId: environment.id(),
      registry: new TopicRegistry(environment, metrics, options.linger, options.report),
      outbox: new ActionOutbox(environment),
      tokens,
      http: new HttpTransport(options.httpBase, environment, metrics, tokens),
    };
    this.board = new StatusBoard(environment);
    this.monitor = new Monitor(this.parts, this.board);
  }

  get status$(): Observable<ConnectionStatus> {
    return this.board.status$;
  }

  get status(): ConnectionStatus {
    return this.board.status;
  }

  get metrics$(): Observable<ClientMetrics> {
    return this.parts.metrics.metrics$;
  }

  get metrics(): ClientMetrics {
    return this.parts.metrics.metrics;
  }

  connect(): void {
    this.monitor.connect();
  }

  close(): void {
    if (this.status.state === 'closed') return;
    this.monitor.close();
    this.board.close();
    this.parts.outbox.close();
    this.parts.registry.close();
    this.parts.metrics.close();
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
    return this.parts.registry.states(topic) as Observable<TopicState<T>>;
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
    return this.parts.registry.deliveries(topic, since) as Observable<EventDelivery<T>>;
  }

  act<D, R, T = never, Several extends readonly unknown[] | [] = []>(
    { name }: Action<D, R>,
    data: NoInfer<D>,
    { expiresAfter = EXPIRES_AFTER, optimistic = [] }: ActOptions<T, Several> = {},
  ): Observable<R> {
    const { outbox, registry } = this.parts;
    const updates = listUpdates(optimistic as readonly OptimisticUpdate<never>[]);
    const result = outbox.add(name, data, expiresAfter, () => registry.show(updates));
    this.monitor.start();
    return result as Observable<R>;
  }

  reauthenticate(): void {
    this.monitor.reauthenticate();
  }
}
