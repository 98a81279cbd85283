import type { Json } from '@statewire/protocol';

import type { Timeline } from './timeline.js';
import type { TakenPublication, TopicSubscriber } from './topic-subscriber.js';
import type { TopicPublication } from './topics.js';

/** What `stream` tells its subscriber. */
interface Listener {
  next(publication: TopicPublication): void;
  complete(): void;
}

/** Follows a topic inside this process, as parsed values. */
export class StreamSubscriber implements TopicSubscriber {
  constructor(
    private readonly timeline: Timeline,
    private readonly listener: Listener,
  ) {
    this.restarted();
  }

  appended(_frame: unknown, { data, offset, time, value }: TakenPublication): void {
    const { epoch } = this.timeline.position;
    if (this.timeline.kind === 'events') {
      this.listener.next({ position: { epoch, offset }, value: value ?? parsed(data!), time });
    } else if (offset === this.timeline.position.offset) {
      // Of several that come at once out of the broker's history, only the newest value is there.
      this.restarted();
    }
  }

  restarted(): void {
    const { newest, position } = this.timeline;
    if (newest !== undefined) this.listener.next({ position, ...newest });
  }

  ended(): void {
    this.listener.complete();
  }
}

function parsed(data: string): Json {
  return JSON.parse(data) as Json;
}
