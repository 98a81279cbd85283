import { Injectable } from '@nestjs/common';

import type { ResolvedTopic, TopicLoad, TopicLoader } from '../topics/topic-loader.js';
import { HandlerRegistry } from './handler-registry.js';
import type { RealtimeRequest } from '../core/realtime-request.js';

/** Brings topics to life by calling their handlers. Topics without one live by what is published to them. */
@Injectable()
export class HandlerTopicLoader implements TopicLoader {
  constructor(private readonly registry: HandlerRegistry) {}

  load(topic: ResolvedTopic): TopicLoad | Promise<TopicLoad> {
    const match = this.registry.topic(topic.name);
    return match ? match.handler.load(requestOf(topic, match.params)) : { type: 'nothing' };
  }
}

/** Nobody in particular asks: the value is for all who may read it. */
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
