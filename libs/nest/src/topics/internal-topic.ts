import type { Json, TopicKind } from '@statewire/protocol';

import { BrokerError, type Broker } from '../core/broker.js';
import { withDeadline, type Environment } from '../core/environment.js';
import { RealtimeError } from '../core/errors.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import { LiveTopic } from './live-topic.js';
import { ReadLimit } from './read-limit.js';
import type { AppendedPublication, TopicSubscriber } from './subscribers.js';

/** Each publication is handled at once, so that this node keeps nothing but the newest one. */
const OWN_HISTORY = { count: 1, bytes: 0, ageMs: 0 };

/** Milliseconds for which a publication may wait for a broker that is out of reach. */
const PUBLISH_TIMEOUT_MS = 5_000;

export interface InternalTopicOptions {
  /** Has a colon, so that no topic of the application has the same name. */
  readonly name: string;
  readonly kind: TopicKind;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  /** Called with each event, or with the newest value of a state topic: at the start, and after each change. */
  readonly onValue: (value: Json) => void;
  /** Called when the broker no longer has publications that this node missed. The value of a state topic follows. */
  readonly onGap?: () => void;
}

/**
 * A topic over which the nodes of a server talk to each other. Every node follows it for as long as it runs. A node
 * that was cut off from the broker receives what it missed.
 */
export class InternalTopic {
  private readonly live: LiveTopic;
  private opening: Promise<void> | undefined;
  private lastValue: Json | undefined;

  constructor(private readonly options: InternalTopicOptions) {
    const { broker, environment, log, name, kind } = options;
    this.live = new LiveTopic({
      ...{ broker, environment, log, topic: { name, kind }, history: OWN_HISTORY, reads: new ReadLimit() },
      onEmptied: () => void this.restore(),
      onClosed: () => undefined,
    });
  }

  /**
   * Follows the topic. Resolves when the current value of a state topic has been handled.
   *
   * @throws (rejects) BrokerError
   */
  open(): Promise<void> {
    return (this.opening ??= this.follow());
  }

  /**
   * Publishes a value. Resolves when the broker has it and this node has handled it.
   *
   * @throws (rejects) BrokerError `unavailable` if the broker is out of reach for 5 s. It may get the value later.
   */
  async publish(value: Json): Promise<void> {
    const { environment, name } = this.options;
    try {
      await withDeadline(environment, PUBLISH_TIMEOUT_MS, this.store(value));
    } catch (error) {
      if (!(error instanceof RealtimeError)) throw error;
      throw new BrokerError('unavailable', `The broker did not confirm a value of "${name}" in time.`, {
        cause: error,
      });
    }
  }

  /** Stops following the topic. */
  async close(): Promise<void> {
    await this.live.release();
  }

  private async store(value: Json): Promise<void> {
    await this.open();
    const { broker, environment, kind, name } = this.options;
    const data = JSON.stringify(value);
    const position = await broker.publish(name, { kind, id: environment.id(), data, value });
    await this.live.fetchFor(position);
  }

  private async follow(): Promise<void> {
    await this.live.open();
    this.live.add(this, this.subscriber());
    this.handleNewest();
  }

  private subscriber(): TopicSubscriber {
    const nothing = (): void => undefined;
    return {
      appended: (_frame, publication) => this.handle(publication),
      restarted: () => {
        this.options.onGap?.();
        this.handleNewest();
      },
      interrupted: nothing,
      resumed: nothing,
      ended: nothing,
    };
  }

  private handle({ data, value }: AppendedPublication): void {
    if (this.options.kind === 'state') this.handleNewest();
    else this.options.onValue(value ?? (JSON.parse(data!) as Json));
  }

  private handleNewest(): void {
    const value = this.live.timeline.newest?.value;
    if (value === undefined) return;
    this.lastValue = value;
    this.options.onValue(value);
  }

  /** Gives a broker that lost the value of a state topic the value that this node has. */
  private async restore(): Promise<void> {
    const { broker, environment, kind, log, name } = this.options;
    const { lastValue: value } = this;
    if (value === undefined) return;
    const only = this.live.timeline.position;
    try {
      await broker.publish(name, { kind, id: environment.id(), data: JSON.stringify(value), value }, { only });
    } catch (error) {
      // Another node may have been faster.
      log.warn('internal-topic-not-restored', { topic: name, error: String(error) });
    }
  }
}
