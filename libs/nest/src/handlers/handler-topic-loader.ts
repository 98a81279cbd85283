import { Injectable } from '@nestjs/common';

import type { ResolvedTopic, TopicLoad, TopicLoader } from '../topics/topic-loader.js';
import { HandlerRegistry } from './handler-registry.js';
import type { RealtimeRequest } from '../core/realtime-request.js';

/** Loads topics through their handlers. A topic without a handler starts empty and gets publications only. */
@Injectable()
export class HandlerTopicLoader implements TopicLoader {
  constructor(private readonly registry: HandlerRegistry) {}

  load(topic: ResolvedTopic): TopicLoad | Promise<TopicLoad> {
    const match = this.registry.topic(topic.name);
    return match ? match.handler.load(requestOf(topic, match.params)) : { type: 'nothing' };
  }
}

/** A request without a caller: the value is for all readers of the topic. */
function requestOf(topic: ResolvedTopic, params: RealtimeRequest['params']): RealtimeRequest {
  return {
    headers: {},
    cookies: {},
    ip: '',
    user: undefined,
    params,
    body: undefined,
    data: undefined,
    admission: 'none',
    topic: topic.name,
  };
}
