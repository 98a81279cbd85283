import { Inject, Injectable } from '@nestjs/common';
import { topicOfPresence } from '@statewire/protocol';

import type { Broker } from '../core/broker.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { CallerContext } from '../core/realtime-request.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { requestOf } from '../handlers/dispatcher.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';
import type { ResolvedTopic, TopicLoad, TopicLoader } from '../topics/topic-loader.js';
import { presenceSource } from './presence-source.js';

/** Stands for the caller while a topic is loaded, because all readers get the same value. */
const NO_CALLER: CallerContext = {
  headers: {},
  cookies: {},
  ip: '',
  admission: 'none',
  clientId: '',
  identity: undefined,
};

/**
 * Loads presence topics from the broker's members, and all other topics through their handlers. A topic without a handler
 * starts empty and gets publications only.
 */
@Injectable()
export class DefaultTopicLoader implements TopicLoader {
  constructor(
    private readonly handlers: HandlerRegistry,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {}

  load({ name }: ResolvedTopic): TopicLoad | Promise<TopicLoad> {
    const followed = topicOfPresence(name);
    if (followed !== undefined) return this.loadPresence(followed);
    const match = this.handlers.topic(name);
    if (!match) return { type: 'nothing' };
    return match.handler.load(requestOf(NO_CALLER, { topic: name, params: match.params }));
  }

  private loadPresence(followed: string): TopicLoad {
    const { broker, log } = this;
    const { environment, presence } = this.options;
    return { type: 'source', source: presenceSource(followed, { broker, environment, log, presence }) };
  }
}
