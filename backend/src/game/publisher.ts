import { Injectable, Logger } from '@nestjs/common';
import { RealtimeBus } from '@statewire/nest';
import type { TopicReference } from '@statewire/protocol';

/** Publishes without a wait for the result. Logs failed publications, so that the game continues. */
@Injectable()
export class Publisher {
  readonly #logger = new Logger('Arena');

  constructor(private readonly bus: RealtimeBus) {}

  /** Resolves when the value has its position; never rejects. */
  async publish<Value>(topic: TopicReference<Value>, value: Value): Promise<void> {
    await this.bus.publish(topic, value).catch((error: unknown) => this.#report(topic, 'publish to', error));
  }

  async close(topic: TopicReference): Promise<void> {
    await this.bus.close(topic).catch((error: unknown) => this.#report(topic, 'close', error));
  }

  #report(topic: TopicReference, what: string, error: unknown): void {
    this.#logger.error(`Could not ${what} ${topic.name}.`, error instanceof Error ? error.stack : undefined);
  }
}
