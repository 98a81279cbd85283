import type { Json, Position, Since } from '@statewire/protocol';
import { Observable, type Subscriber } from 'rxjs';

import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { RealtimeClientError } from '../core/realtime-client-error.js';
import type { EventDelivery, EventOptions, Freshness } from './topic-state.js';
import { TopicStore } from './topic-store.js';

/** A subscriber, and the position of its last event. It is undefined until the first answer of the server. */
interface Reader {
  cursor: Since | undefined;
  readonly subscriber: Subscriber<EventDelivery<Json>>;
  readonly onUnavailable: EventOptions['onUnavailable'];
}

/**
 * Distributes the events of a topic and keeps none. Each reader has its own cursor. A reader that starts at an older
 * position makes the store replay from there; the other readers see nothing twice.
 */
export class EventStore extends TopicStore {
  readonly #metrics: MetricsRecorder;

  readonly kind = 'events';

  #position: Since | undefined;
  readonly #readers = new Set<Reader>();
  /** The temporary error that the readers know. */
  #told: RealtimeClientError | undefined;

  constructor(metrics: MetricsRecorder) {
    super();
    this.#metrics = metrics;
  }

  get cursor(): Since | undefined {
    return this.#position;
  }

  /**
   * Emits the deliveries after `since`. Calls `onRewind` if the store has to replay events that it has passed already.
   */
  read(
    since: Since | undefined,
    onRewind: () => void,
    onUnavailable?: EventOptions['onUnavailable'],
  ): Observable<EventDelivery<Json>> {
    return new Observable((subscriber) => {
      if (this.error) return subscriber.error(this.error);
      if (this.delay) onUnavailable?.(this.delay);
      const own = this.#position;
      const reader: Reader = { cursor: since ?? (isPosition(own) ? own : undefined), subscriber, onUnavailable };
      this.#readers.add(reader);
      if (isPosition(since) && isPosition(own) && since.epoch !== own.epoch) {
        this.#advance(reader, own);
      } else if (since !== undefined && !isAtOrAfter(since, own)) {
        this.#position = since;
        onRewind();
      }
      return () => this.#readers.delete(reader);
    });
  }

  /** Starts readers without `since` at `top`, the server's position. */
  open(top: Position): void {
    for (const reader of this.#readers) reader.cursor ??= top;
  }

  /** Starts the store at `position`. No reader has missed an event between its own cursor and `position`. */
  start(position: Position, freshness: Freshness): void {
    this.#position = position;
    for (const reader of this.#readers) if (reader.cursor === 'oldest') reader.cursor = position;
    this.setFreshness(freshness);
  }

  /**
   * Records that the server no longer has the events up to `position`. Readers before it get a `lost`.
   *
   * @returns whether a reader is further ahead than the request was, so that a request from there may lose less.
   */
  lose(position: Position, freshness: Freshness): boolean {
    const requested = this.#position;
    const ahead = [...this.#readers].flatMap(({ cursor }) =>
      isPosition(cursor) && cursor.epoch === position.epoch && !isAtOrAfter(requested, cursor) ? [cursor.offset] : [],
    );
    const offset = Math.min(position.offset, ...ahead);
    const to = { epoch: position.epoch, offset };
    this.#position = to;
    for (const reader of [...this.#readers]) this.#advance(reader, to);
    this.setFreshness(freshness);
    return offset < position.offset;
  }

  /** Delivers the event at `position` to the readers that have not seen it. */
  deliver(data: Json, position: Position, publishedAt: number | undefined, freshness: Freshness): void {
    this.#position = position;
    this.#metrics.add('events');
    const before: Position = { epoch: position.epoch, offset: position.offset - 1 };
    for (const reader of [...this.#readers]) {
      if (
        isPosition(reader.cursor) &&
        reader.cursor.epoch === position.epoch &&
        reader.cursor.offset >= position.offset
      ) {
        continue;
      }
      this.#advance(reader, before);
      reader.cursor = position;
      reader.subscriber.next({ type: 'event', data, position, publishedAt });
    }
    this.setFreshness(freshness);
  }

  reset(): void {
    this.#position = undefined;
  }

  close(): void {
    for (const reader of [...this.#readers]) reader.subscriber.complete();
  }

  protected emit(): void {
    const { error, delay } = this;
    for (const { subscriber, onUnavailable } of [...this.#readers]) {
      if (error) subscriber.error(error);
      else if (delay && delay !== this.#told) onUnavailable?.(delay);
    }
    this.#told = delay;
  }

  /** Moves a reader to `to`. A reader that skips events gets a `lost`. */
  #advance(reader: Reader, to: Position): void {
    const { cursor } = reader;
    reader.cursor = to;
    if (!isPosition(cursor)) return;
    if (cursor.epoch === to.epoch && cursor.offset >= to.offset) {
      reader.cursor = cursor;
      return;
    }
    reader.subscriber.next({ type: 'lost', position: to });
  }
}

function isPosition(since: Since | undefined): since is Position {
  return typeof since === 'object';
}

/** Tells whether a reader at `since` needs no event from before `own`. */
function isAtOrAfter(since: Since | undefined, own: Since | undefined): boolean {
  if (own === 'oldest') return true;
  return isPosition(since) && isPosition(own) && since.epoch === own.epoch && since.offset >= own.offset;
}
