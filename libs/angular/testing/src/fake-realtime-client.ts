import { ErrorHandler, inject, Injectable, NgZone, PendingTasks, type OnDestroy } from '@angular/core';
import {
  createRealtimeClient,
  type ActOptions,
  type AnyActOptions,
  type ClientMetrics,
  type ConnectionStatus,
  type EventDelivery,
  type EventOptions,
  type RealtimeClient,
  type TopicState,
} from '@statewire/client';
import type { Action, TopicReference } from '@statewire/protocol';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';
import { BehaviorSubject, Observable } from 'rxjs';

/** The status that the test shows instead of the client's own. */
type ShownStatus = Extract<ConnectionStatus, { state: 'polling' | 'offline' }>;

/**
 * The real client on a {@link FakeServer}. Frames arrive before a call of the application or the test returns, and
 * timers do not run by themselves.
 */
@Injectable()
export class FakeRealtimeClient implements RealtimeClient, OnDestroy {
  readonly server: FakeServer;

  readonly #zone = inject(NgZone);
  readonly #errors = inject(ErrorHandler);
  readonly #pendingTasks = inject(PendingTasks);
  readonly #time = new VirtualEnvironment();
  readonly #client: RealtimeClient;
  readonly #status$: BehaviorSubject<ConnectionStatus>;
  readonly #followers = new Map<string, number>();
  #tasks: (() => void)[] = [];
  #isDelivering = false;
  #endPendingTask: (() => void) | undefined;
  #shown: ShownStatus | undefined;

  readonly status$: Observable<ConnectionStatus>;
  readonly metrics$: Observable<ClientMetrics>;

  constructor() {
    const environment = { ...this.#time, now: () => Date.now(), queueMicrotask: this.#add };
    this.server = new FakeServer(environment, { awaitsFirstValue: true, framesPerSecond: 0 });
    this.#client = this.#zone.runOutsideAngular(() =>
      createRealtimeClient({
        origin: 'http://testing',
        environment,
        lingerMs: 0,
        // Responses of HTTP need promises, so that they could not arrive before a call of the test returns.
        polling: { enabled: false },
        onError: (error) => this.#zone.run(() => this.#errors.handleError(error)),
      }),
    );
    this.#status$ = new BehaviorSubject(this.#client.status);
    this.status$ = this.#status$.asObservable();
    // Before the values of a new connection arrive. States on the way to it are not shown.
    this.#client.status$.subscribe(({ state }) => state === 'live' && this.#updateStatus());
    this.metrics$ = this.#client.metrics$;
  }

  get status(): ConnectionStatus {
    return this.#status$.value;
  }

  get metrics(): ClientMetrics {
    return this.#client.metrics;
  }

  get isConnected(): boolean {
    return this.#client.status.state === 'live';
  }

  /** Shows this status. `offline` takes the network away; any other one brings it back. */
  show(status: ShownStatus | undefined): void {
    const isOffline = status?.state === 'offline';
    this.#shown = status;
    this.server.upgrades(isOffline ? 'reject' : 'pass');
    if (isOffline) this.server.cut();
    this.#client.connect();
    if (!isOffline) this.#time.wake('online');
    this.deliver();
  }

  /** Delivers everything that the client and the server have sent. */
  deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      this.#zone.runOutsideAngular(() => this.#runTasks());
    } finally {
      this.#isDelivering = false;
    }
    this.#updateStatus();
    this.#endPendingTask?.();
    this.#endPendingTask = undefined;
  }

  isFollowed(topic: string): boolean {
    return this.#followers.has(topic);
  }

  connect(): void {
    this.#client.connect();
    this.deliver();
  }

  close(): void {
    this.#client.close();
    this.deliver();
  }

  ngOnDestroy(): void {
    this.close();
    this.#status$.complete();
  }

  reauthenticate(): void {}

  state<T>(topic: TopicReference<T, 'state'>): Observable<T> {
    return this.#follow(topic, this.#client.state(topic));
  }

  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>> {
    return this.#follow(topic, this.#client.topic(topic));
  }

  events<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<T> {
    return this.#follow(topic, this.#client.events(topic, options));
  }

  deliveries<T>(topic: TopicReference<T, 'events'>, options?: EventOptions): Observable<EventDelivery<T>> {
    return this.#follow(topic, this.#client.deliveries(topic, options));
  }

  act(action: Action, data: unknown, options?: AnyActOptions): Observable<never> {
    const answer = this.#client.act(action, data, options as ActOptions);
    this.deliver();
    return answer as Observable<never>;
  }

  /** Declares the kind of the topic to the server, and counts its followers. */
  #follow<T>(topic: TopicReference, values: Observable<T>): Observable<T> {
    const count = (by: number): void => {
      const followers = (this.#followers.get(topic.name) ?? 0) + by;
      if (followers > 0) this.#followers.set(topic.name, followers);
      else this.#followers.delete(topic.name);
    };
    return new Observable((subscriber) => {
      this.server.declare(topic);
      count(1);
      subscriber.add(() => count(-1));
      subscriber.add(values.subscribe(subscriber));
      this.deliver();
    });
  }

  #runTasks(): void {
    do {
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
    } while (this.#time.runDue());
  }

  #updateStatus(): void {
    const { status } = this.#client;
    const isHidden = status.state === 'closed' || (status.state !== 'live' && this.#shown?.state !== 'offline');
    const shown = isHidden ? status : (this.#shown ?? status);
    const current = this.#status$.value;
    const isStillLive = shown.state === 'live' && current.state === 'live';
    if (shown !== current && !isStillLive) this.#status$.next(shown);
  }

  readonly #add = (task: () => void): void => {
    this.#tasks.push(task);
    if (this.#endPendingTask !== undefined || this.#isDelivering) return;
    this.#endPendingTask = this.#pendingTasks.add();
    // Not `queueMicrotask`, which fake timers of a test replace.
    this.#zone.runOutsideAngular(() => void Promise.resolve().then(() => this.deliver()));
  };
}
