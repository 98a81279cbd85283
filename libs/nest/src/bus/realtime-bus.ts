import { Inject, Injectable } from '@nestjs/common';
import type { Position, TopicReference } from '@statewire/protocol';
import { map, type Observable } from 'rxjs';

import { TOPICS } from '../module/tokens.js';
import type { Topics } from '../topics/topics.js';

/** A value of a topic and where it stands in the topic's history. */
export interface Publication<Value> {
  readonly value: Value;
  readonly position: Position;
  /** Milliseconds since the Unix epoch, by the broker's clock. */
  readonly time: number;
}

/**
 * Publishes from anywhere on the server, and listens there.
 *
 * @example bus.publish(battle.with({ battleId }), snapshot);
 */
@Injectable()
export class RealtimeBus {
  constructor(@Inject(TOPICS) private readonly topics: Topics) {}

  publish<Value>(topic: TopicReference<Value>, value: Value): Promise<Position> {
    return this.topics.publish(topic, value);
  }

  /** Values as this process sees them, beginning with the current one of a state topic. Keeps the topic alive. */
  stream<Value>(topic: TopicReference<Value>): Observable<Value> {
    return this.publications(topic).pipe(map((publication) => publication.value));
  }

  /** The same with positions. */
  publications<Value>(topic: TopicReference<Value>): Observable<Publication<Value>> {
    return this.topics.stream(topic) as Observable<Publication<Value>>;
  }

  /** Ends the topic on every node: subscribers get its last publications, then `unsubscribed` with `closed`. */
  close(topic: TopicReference): Promise<void> {
    return this.topics.close(topic.name);
  }
}
