import { ErrorHandler, inject, Injectable, NgZone, type OnDestroy } from '@angular/core';
import { ɵNO_METRICS as NO_METRICS } from '@statewire/angular';
import {
  RealtimeClientError,
  type ActOptions,
  type ConnectionStatus,
  type EventDelivery,
  type OptimisticUpdate,
  type RealtimeClient,
  type TopicState,
} from '@statewire/client';
import { listUpdates } from '@statewire/client/internal';
import type { Action, Json, Since, TopicReference } from '@statewire/protocol';
import { BehaviorSubject, defer, distinctUntilChanged, filter, map, of, tap, type Observable } from 'rxjs';

import { FakeEventTopic, FakeStateTopic, type FakeTopic } from './fake-topic.js';
import { TestAction } from './test-action.js';

/** A client with its server inside: no socket, no timer, every answer given by the test. */
@Injectable()
export class FakeRealtimeClient implements RealtimeClient, OnDestroy {
  readonly #status$ = new BehaviorSubject<ConnectionStatus>({ state: 'idle', enteredAt: Date.now() });
  readonly #topics = new Map<string, FakeTopic>();
  readonly #errors = inject(ErrorHandler);
  readonly #zone = inject(NgZone);
  #actions: TestAction[] = [];

  readonly status$ = this.#status$.asObservable();
  readonly metrics = NO_METRICS;
  readonly metrics$ = of(NO_METRICS);

  get status(): ConnectionStatus {
    return this.#status$.value;
  }

  get isConnected(): boolean {
    return this.status.state === 'live' || this.status.state === 'polling';
  }

  /** The actions that reached the server and were not answered yet, oldest first. */
  get unansweredActions(): readonly TestAction[] {
    return this.isConnected ? this.#actions : [];
  }

  enter(status: ConnectionStatus): void {
    this.#status$.next(status);
    for (const topic of this.#topics.values()) {
      if (this.isConnected) topic.catchUp();
      else topic.interrupt(status.enteredAt);
    }
  }

  connect(): void {
    this.enter({ state: 'live', enteredAt: Date.now(), transport: 'websocket', connectionId: 'testing' });
  }

  close(): void {
    this.enter({ state: 'closed', enteredAt: Date.now() });
    for (const topic of this.#topics.values()) topic.complete();
    for (const action of this.#actions) action.refuse('outcome_unknown');
    this.#topics.clear();
    this.#actions = [];
  }

  ngOnDestroy(): void {
    this.close();
    this.#status$.complete();
  }

  reauthenticate(): void {}

  state<T>(topic: TopicReference<T, 'state'>): Observable<T> {
    return this.topic(topic).pipe(
      tap(({ error }) => {
        if (error !== undefined) throw error;
      }),
      filter(({ position }) => position !== undefined),
      distinctUntilChanged(
        (one, other) => one.position?.offset === other.position?.offset && one.value === other.value,
      ),
      map(({ value }) => value as T),
    );
  }

  topic<T>(topic: TopicReference<T, 'state'>): Observable<TopicState<T>> {
    return defer(() => {
      this.#connectOnce();
      return this.stateTopic(topic.name).states as Observable<TopicState<T>>;
    });
  }

  events<T>(topic: TopicReference<T, 'events'>, options?: { readonly since?: Since }): Observable<T> {
    return this.deliveries(topic, options).pipe(
      filter((delivery) => delivery.type === 'event'),
      map(({ data }) => data),
    );
  }

  deliveries<T>(
    topic: TopicReference<T, 'events'>,
    options: { readonly since?: Since } = {},
  ): Observable<EventDelivery<T>> {
    return defer(() => {
      this.#connectOnce();
      return this.eventTopic(topic.name).deliveries(options.since) as Observable<EventDelivery<T>>;
    });
  }

  act<D, R, T = never, Several extends readonly unknown[] | [] = []>(
    action: Action<D, R>,
    data: NoInfer<D>,
    { optimistic = [] }: ActOptions<T, Several> = {},
  ): Observable<R> {
    const sent = new TestAction<D, R>(action.name, data);
    this.#actions.push(sent as TestAction);
    this.#connectOnce();
    const drops = listUpdates(optimistic as readonly OptimisticUpdate<never>[]).map(([topic, update]) =>
      this.stateTopic(topic.name).show(update as unknown as (value: Json) => Json),
    );
    sent.whenAnswered(() => {
      for (const drop of drops) drop();
    });
    return sent.answer;
  }

  /** Takes an action out of those that are unanswered: the test answers it from now on. */
  take(action: TestAction): void {
    this.#actions = this.#actions.filter((unanswered) => unanswered !== action);
  }

  stateTopic(name: string): FakeStateTopic {
    return this.#topic(name, FakeStateTopic, () => new FakeStateTopic(this.#report));
  }

  eventTopic(name: string): FakeEventTopic {
    return this.#topic(name, FakeEventTopic, () => new FakeEventTopic());
  }

  /** The topic of this name, of whatever kind, if anybody published or followed it. */
  knownTopic(name: string): FakeTopic | undefined {
    return this.#topics.get(name);
  }

  readonly #report = (error: unknown): void => this.#zone.run(() => this.#errors.handleError(error));

  #topic<T extends FakeTopic>(name: string, kind: new (...parameters: never[]) => T, make: () => T): T {
    const known = this.#topics.get(name);
    if (known instanceof kind) return known;
    if (known !== undefined) throw new RealtimeClientError('kind_mismatch', `"${name}" is a topic of the other kind.`);
    const topic = make();
    this.#topics.set(name, topic);
    return topic;
  }

  #connectOnce(): void {
    if (this.status.state === 'idle') this.connect();
  }
}
