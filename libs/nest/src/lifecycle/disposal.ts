import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';

import type { Broker } from '../core/broker.js';
import { BROKER } from '../core/tokens.js';
import { PresenceTracker } from '../presence/presence-tracker.js';
import { TopicRegistry } from '../topics/topic-registry.js';

/** Frees presence, topics and broker after the last connection and the HTTP server have ended. */
@Injectable()
export class Disposal implements OnApplicationShutdown {
  constructor(
    private readonly presence: PresenceTracker,
    private readonly topics: TopicRegistry,
    @Inject(BROKER) private readonly broker: Broker,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    this.presence.dispose();
    await this.topics.dispose();
    await this.broker.dispose();
  }
}
