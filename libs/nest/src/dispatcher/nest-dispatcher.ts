import { Injectable } from '@nestjs/common';
import type { AckFrame, ErrorFrame } from '@statewire/protocol';

import { RealtimeError } from '../realtime-error.js';
import type { ResolvedTopic } from '../topics/topics.js';
import type { Dispatcher, Invocation } from './dispatcher.js';

@Injectable()
export class NestDispatcher implements Dispatcher {
  async admit(): Promise<void> {}

  async authorize(): Promise<ResolvedTopic> {
    throw new RealtimeError('unknown_topic', 'There is no such topic.');
  }

  async act(invocation: Invocation): Promise<AckFrame | ErrorFrame> {
    return new RealtimeError('unknown_action', 'There is no such action.').toFrame({ id: invocation.id });
  }

  isParallel(): boolean {
    return false;
  }
}
