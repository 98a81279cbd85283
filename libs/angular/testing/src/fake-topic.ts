import type { EventDelivery, RealtimeClientError, TopicState } from '@statewire/client';
import { applyUpdate } from '@statewire/client/internal';
import type { Json, Since } from '@statewire/protocol';
import { BehaviorSubject, concat, defer, from, Subject, type Observable } from 'rxjs';

const EPOCH = 'testing';

type Update = (value: Json) => Json;

/** A topic of the fake server together with what its one client has seen of it. */
export interface FakeTopic {
  readonly isFollowed: boolean;
  /** The client is connected: it sees all that was published. */
  catchUp(): void;
  /** The client lost the server at this moment. */
  interrupt(staleSince: number): void;
  refuse(error: RealtimeClientError): void;
  complete(): void;
}

export class FakeStateTopic implements FakeTopic {
  readonly #states = new BehaviorSubject<TopicState<unknown>>({
    value: undefined,
    confirmed: undefined,
    pending: 0,
    position: undefined,
    freshness: { state: 'catching-up' },
    error: undefined,
  });
  #value: unknown;
  #offset = 0;
  #updates: readonly Update[] = [];

  readonly states: Observable<TopicState<unknown>> = this.#states.asObservable();

  /** @param report is told what an update threw, as the application's `ErrorHandler` is. */
  constructor(private readonly report: (error: unknown) => void) {}

  get isFollowed(): boolean {
    return this.#states.observed;
  }

  publish(value: unknown): void {
    this.#value = value;
    this.#offset++;
  }

  catchUp(): void {
    if (this.#offset === 0) return;
    const position = { epoch: EPOCH, offset: this.#offset };
    this.#change({ confirmed: this.#value, position, freshness: { state: 'live' } });
  }

  /** @returns what ends it. */
  show(given: Update): () => void {
    const update: Update = (value) => given(value);
    this.#updates = [...this.#updates, update];
    this.#change({});
    return () => {
      this.#updates = this.#updates.filter((other) => other !== update);
      this.#change({});
    };
  }

  interrupt(staleSince: number): void {
    if (this.#states.value.position !== undefined) this.#change({ freshness: { state: 'stale', staleSince } });
  }

  refuse(error: RealtimeClientError): void {
    this.#updates = [];
    this.#change({ confirmed: undefined, position: undefined, error });
  }

  complete(): void {
    this.#states.complete();
  }

  #change(change: Partial<TopicState<unknown>>): void {
    const state = { ...this.#states.value, ...change };
    if (this.#states.value.error !== undefined) return;
    const value = state.confirmed === undefined ? undefined : this.#updated(state.confirmed as Json);
    this.#states.next({ ...state, value, pending: this.#updates.length });
  }

  #updated(confirmed: Json): Json {
    return this.#updates.reduce<Json>((base, update) => {
      try {
        return applyUpdate(update, base);
      } catch (error) {
        this.#updates = this.#updates.filter((other) => other !== update);
        this.report(error);
        return base;
      }
    }, confirmed);
  }
}

export class FakeEventTopic implements FakeTopic {
  readonly #log: EventDelivery<unknown>[] = [];
  readonly #live = new Subject<EventDelivery<unknown>>();
  #offset = 0;
  #seen = 0;

  get isFollowed(): boolean {
    return this.#live.observed;
  }

  deliveries(since: Since | undefined): Observable<EventDelivery<unknown>> {
    return defer(() => concat(from(this.#replay(since)), this.#live));
  }

  publish(data: unknown, publishedAt: number): void {
    this.#log.push({ type: 'event', data, position: { epoch: EPOCH, offset: ++this.#offset }, publishedAt });
  }

  lose(): void {
    this.#log.push({ type: 'lost', position: { epoch: EPOCH, offset: this.#offset } });
  }

  catchUp(): void {
    const unseen = this.#log.slice(this.#seen);
    this.#seen = this.#log.length;
    for (const delivery of unseen) this.#live.next(delivery);
  }

  /** Events have no freshness: their observers hear nothing until the client is back. */
  interrupt(): void {}

  refuse(error: RealtimeClientError): void {
    this.#live.error(error);
  }

  complete(): void {
    this.#live.complete();
  }

  #replay(since: Since | undefined): readonly EventDelivery<unknown>[] {
    if (since === undefined) return [];
    const after = since === 'oldest' ? 0 : since.offset;
    const seen = this.#log.slice(0, this.#seen);
    return seen.filter(({ type, position }) => type === 'event' && position.offset > after);
  }
}
