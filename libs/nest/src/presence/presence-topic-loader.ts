import { Inject, Injectable } from '@nestjs/common';
import { topicOfPresence } from '@statewire/protocol';

import type { Broker } from '../core/broker.js';
import { HandlerTopicLoader } from '../handlers/handler-topic-loader.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import type { ResolvedTopic, TopicLoad, TopicLoader } from '../topics/topic-loader.js';
import { presenceSource } from './presence-source.js';

/** Loads presence topics from the broker's members, and all other topics through their handlers. */
@Injectable()
export class PresenceTopicLoader implements TopicLoader {
  constructor(
    private readonly handlers: HandlerTopicLoader,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {}

  load(topic: ResolvedTopic): TopicLoad | Promise<TopicLoad> {
    const followed = topicOfPresence(topic.name);
    if (followed === undefined) return this.handlers.load(topic);
    const { broker, log } = this;
    const { environment, presence } = this.options;
    return { type: 'source', source: presenceSource(followed, { broker, environment, log, presence }) };
  }
}
