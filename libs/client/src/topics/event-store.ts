import type { Json, Position, Since } from '@statewire/protocol';
import { Observable, type Subscriber } from 'rxjs';

import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { EventDelivery } from './topic-state.js';
import { CATCHING_UP, LIVE, TopicStore } from './topic-store.js';

/** One subscriber, and what it has seen: undefined is "from now on". */
interface Reader {
  cursor: Since | undefined;
  readonly subscriber: Subscriber<EventDelivery<Json>>;
}

/**
 * The events of a topic. Keeps none: each reader has a cursor of its own, so that somebody who joins with an older
 * `since` is served by one replay from the server, of which the others see nothing twice.
 */
export class EventStore extends TopicStore {
  readonly kind = 'events';

  private from: Since | undefined;
  private readonly readers = new Set<Reader>();

  constructor(private readonly metrics: MetricsRecorder) {
    super();
  }

  get cursor(): Since | undefined {
    return this.from;
  }

  /** `onRewind` is called where the reader wants events from before the store's own cursor. */
  read(since: Since | undefined, onRewind: () => void): Observable<EventDelivery<Json>> {
    return new Observable((subscriber) => {
      if (this.error) return subscriber.error(this.error);
      const own = this.from;
      const reader: Reader = { cursor: since ?? (isPosition(own) ? own : undefined), subscriber };
      this.readers.add(reader);
      if (isPosition(since) && isPosition(own) && since.epoch !== own.epoch) {
        this.advance(reader, own);
      } else if (since !== undefined && !isAbove(since, own)) {
        this.from = since;
        onRewind();
      }
      return () => this.readers.delete(reader);
    });
  }

  /** The server stands at `top`; who asked for no past begins there. */
  open(top: Position): void {
    for (const reader of this.readers) reader.cursor ??= top;
  }

  /** The next event is the one after `position`, and nothing that anybody saw lies in between. */
  start(position: Position, caughtUp: boolean): void {
    this.from = position;
    for (const reader of this.readers) if (reader.cursor === 'oldest') reader.cursor = position;
    this.freshen(caughtUp ? LIVE : CATCHING_UP);
  }

  /**
   * Nothing up to `position` is coming. Who had seen something older is told so.
   *
   * @returns whether a reader is further ahead than what was asked for, so that less may be lost: ask again from there.
   */
  lose(position: Position): boolean {
    const asked = this.from;
    const ahead = [...this.readers].flatMap(({ cursor }) =>
      isPosition(cursor) && cursor.epoch === position.epoch && !isAbove(asked, cursor) ? [cursor.offset] : [],
    );
    const offset = Math.min(position.offset, ...ahead);
    const to = { epoch: position.epoch, offset };
    this.from = to;
    for (const reader of [...this.readers]) this.advance(reader, to);
    this.freshen(LIVE);
    return offset < position.offset;
  }

  take(data: Json, position: Position, time: number | undefined, caughtUp: boolean): void {
    this.from = position;
    this.metrics.add('events');
    const before: Position = { epoch: position.epoch, offset: position.offset - 1 };
    for (const reader of [...this.readers]) {
      if (
        isPosition(reader.cursor) &&
        reader.cursor.epoch === position.epoch &&
        reader.cursor.offset >= position.offset
      ) {
        continue;
      }
      this.advance(reader, before);
      reader.cursor = position;
      reader.subscriber.next({ type: 'event', data, position, time });
    }
    this.freshen(caughtUp ? LIVE : CATCHING_UP);
  }

  forget(): void {
    this.from = undefined;
  }

  close(): void {
    for (const reader of [...this.readers]) reader.subscriber.complete();
  }

  protected emit(): void {
    if (this.error) for (const reader of [...this.readers]) reader.subscriber.error(this.error);
  }

  private advance(reader: Reader, to: Position): void {
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

/** Whether `since` needs nothing from before `own`. */
function isAbove(since: Since | undefined, own: Since | undefined): boolean {
  if (own === 'oldest') return true;
  return isPosition(since) && isPosition(own) && since.epoch === own.epoch && since.offset >= own.offset;
}
