import { Inject, Injectable } from '@nestjs/common';
import type { Position, TopicReference } from '@statewire/protocol';
import { map, type Observable } from 'rxjs';

import { GuardedObservable } from './core/guarded-observable.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { REALTIME_LOG } from './core/tokens.js';
import { TopicRegistry } from './topics/topic-registry.js';

/** A value of a topic, and where it stands in the topic's history. */
export interface Publication<Value> {
  readonly value: Value;
  readonly position: Position;
  /** Milliseconds since the Unix epoch, by the broker's clock. */
  readonly time: number;
}

/**
 * Publishes from anywhere on the server, and listens there.
 *
 * @example
 * ```ts
 * bus.publish(battle.with({ battleId }), snapshot);
 * bus.stream(battle.with({ battleId })).subscribe((snapshot) => …);
 * ```
 */
@Injectable()
export class RealtimeBus {
  constructor(
    private readonly topics: TopicRegistry,
    @Inject(REALTIME_LOG) private readonly log: Pick<RealtimeLog, 'error'>,
  ) {}

  /**
   * Publishes the JSON projection of a value: to every subscriber, and to whoever listens on the server. Publish new
   * objects and leave published ones alone; outside production they are frozen. Publications of one process to one topic
   * keep their order.
   *
   * Publish at most `history.count` events (default 1,024) of a topic in one go, without letting the event loop turn:
   * above 64 KiB in a tick (`outboxSoftMark`) events wait in the history for their reader, and one who finds them gone
   * from there is closed with 4101, as a slow one.
   *
   * There is no need to await it. A failure is logged in any case, and never becomes an unhandled rejection.
   *
   * @returns where the publication stands, once the broker has it and this process's listeners were told.
   * @throws (rejects) PublishError where the value has no JSON, nests too deep, or the topic has an observable source;
   * RealtimeError `too_large` above `maxPublication`; BrokerError.
   */
  publish<Value>(topic: TopicReference<Value>, value: Value): Promise<Position> {
    const position = this.topics.publish(topic, value);
    position.catch((error: unknown) => this.log.error('publication failed', error, { topic: topic.name }));
    return position;
  }

  /**
   * Values as this process sees them, beginning with the current one of a state topic. Whoever subscribes keeps the topic
   * alive, its source included. Completes when the topic is closed.
   *
   * What a subscriber throws is logged and ends nothing, and so is an error that it does not handle; both also after
   * `pipe`. A subscriber of an observable that is combined of several (`merge`, `combineLatest`) is RxJS's business.
   */
  stream<Value>(topic: TopicReference<Value>): Observable<Value> {
    return this.publications(topic).pipe(map(({ value }) => value));
  }

  /** The same with positions. */
  publications<Value>(topic: TopicReference<Value>): Observable<Publication<Value>> {
    const stream = this.topics.stream(topic) as Observable<Publication<Value>>;
    const report = (error: unknown): void => {
      this.log.error('subscriber of a stream failed', error, { topic: topic.name });
    };
    return new GuardedObservable(stream, report);
  }

  /** Ends the topic on every node: subscribers get its last publications, then `unsubscribed` with `closed`. */
  close(topic: TopicReference): Promise<void> {
    return this.topics.close(topic.name);
  }
}
