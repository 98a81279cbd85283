import type { Position, TopicKind } from '@statewire/protocol';

import { BrokerError, type Broker, type Release, type TopicMessage } from '../core/broker.js';

/** A value that was sent to the broker. */
interface SentValue {
  readonly value: unknown;
  /** Undefined: the broker has not confirmed it. */
  position: Position | undefined;
  /** The newest value when this one was sent, until the broker has answered. */
  before?: SentValue | undefined;
  isRejected?: boolean;
}

export interface SoleWriterOptions {
  readonly topic: string;
  readonly kind: TopicKind;
  readonly broker: Pick<Broker, 'listen'>;
  /** Publishes a value, and logs its failure. */
  readonly publish: (value: unknown) => Promise<Position>;
  /** Whether the writer also repeats a value whose publication failed with a `BrokerError`. */
  readonly repeatsRejected: boolean;
}

/**
 * Publishes to a topic that has no other writer. If the broker loses the newest value of a state topic (a flush, a
 * restart, a promoted replica), publishes it again.
 */
export class SoleWriter {
  private last: SentValue | undefined;
  /** The position of the topic in the broker, as its messages say. */
  private seen: Position | undefined;
  private underWay = 0;
  private isDoubtful = false;
  private isClosed = false;
  private unlisten: Release | undefined;

  constructor(private readonly options: SoleWriterOptions) {}

  /** Begins to watch the topic. */
  async open(): Promise<void> {
    const { broker, kind, topic } = this.options;
    if (kind === 'events') return;
    const unlisten = await broker.listen(topic, (message) => this.receive(message));
    if (this.isClosed) await unlisten();
    else this.unlisten = unlisten;
  }

  /** Takes over the value that the topic has at this position. */
  adopt(value: unknown, position: Position): void {
    this.last ??= { value, position };
    this.seen ??= position;
    if (this.seen.epoch !== position.epoch) this.verify();
  }

  async publish(value: unknown): Promise<Position> {
    const sent: SentValue = { value, position: undefined, before: this.last };
    this.last = sent;
    this.underWay += 1;
    try {
      sent.position = await this.options.publish(value);
      sent.before = undefined;
      return sent.position;
    } catch (error) {
      const isRepeated = this.options.repeatsRejected && error instanceof BrokerError && error.code !== 'fenced';
      if (isRepeated) sent.before = undefined;
      sent.isRejected = !isRepeated;
      // The broker may have rejected several at once.
      while (this.last?.isRejected === true) this.last = this.last.before;
      throw error;
    } finally {
      this.underWay -= 1;
      if (this.isDoubtful) this.verify();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.unlisten?.();
  }

  private receive(message: TopicMessage): void {
    switch (message.type) {
      case 'publication': {
        const { epoch, offset } = message.publication;
        this.seen = { epoch, offset };
        return;
      }
      case 'epoch':
        this.seen = { epoch: message.epoch, offset: message.first?.offset ?? 0 };
        return this.verify();
      case 'resumed':
        this.seen = message.position;
        return this.verify();
      case 'closed':
        this.last = undefined;
        return;
      case 'interrupted':
    }
  }

  /** Publishes the newest value again if the topic does not stand where the value was stored. */
  private verify(): void {
    this.isDoubtful = this.underWay > 0;
    const { last, seen } = this;
    if (this.isDoubtful || this.isClosed || last === undefined || isSame(last.position, seen)) return;
    // The next message of the broker repeats an attempt that fails.
    this.publish(last.value).catch(() => undefined);
  }
}

function isSame(one: Position | undefined, other: Position | undefined): boolean {
  return one !== undefined && one.epoch === other?.epoch && one.offset === other.offset;
}
