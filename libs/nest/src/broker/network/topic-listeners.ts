import type { Position } from '@statewire/protocol';

import type { BrokerCounters } from '../../core/broker-counters.js';
import {
  BrokerError,
  type LivePublication,
  type NewPublication,
  type Release,
  type TopicMessage,
} from '../../core/broker.js';
import { messageOf } from './errors.js';

type Listener = (message: TopicMessage) => void;

/** The position of a topic on the server. */
export interface Standing {
  /** Name of the topic. */
  readonly topic: string;
  /** Position of the newest publication. */
  readonly position: Position;
  /** Id of the newest publication; empty if there is none. */
  readonly id: string;
}

/** Takes what the server says about a topic with listeners. */
export interface TopicReceiver {
  /**
   * Passes a message to the listeners. Returns false, and passes nothing, if its publication has neither data nor a delta and
   * comes from another node, so that its text has to be read.
   */
  receive(message: TopicMessage): boolean;
  /** Tells the listeners that messages may be missing. */
  interrupt(): void;
  /** Tells the listeners where the topic stands, if they do not know it. */
  resume(standing: Standing): void;
  /** The position that the listeners know. Undefined: they have heard nothing. */
  readonly position: Position | undefined;
  /** Whether messages may be missing. */
  readonly isInterrupted: boolean;
}

/** The subscriptions of a server to topics. They outlive a connection. */
export interface TopicChannels {
  /**
   * Passes the messages of a topic on, at once and until `remove`. A second call for a topic adds nothing. Resolves when each later
   * message is certain to arrive. Rejects if the connection ends before; then the next connection subscribes.
   */
  add(topic: string, receiver: TopicReceiver): Promise<void>;
  /** Ends the messages of a topic at once. */
  remove(topic: string): void;
}

/** A topic with listeners. */
class ListenedTopic implements TopicReceiver {
  readonly listeners = new Set<Listener>();
  /** Between `interrupted` and `resumed` messages are dropped, because the position of `resumed` covers them. */
  isInterrupted = false;
  /** Undefined: the listeners have heard nothing, so they learn where the topic stands. */
  position: Position | undefined;
  /** The position after the last message that was dropped. */
  private dropped: Standing | undefined;

  constructor(
    readonly name: string,
    private readonly own: (id: string) => NewPublication | undefined,
    private readonly onListenerError: (topic: string, error: unknown) => void,
    private readonly onClosed: (topic: ListenedTopic) => void,
    private readonly counters: BrokerCounters | undefined,
  ) {}

  receive(message: TopicMessage): boolean {
    switch (message.type) {
      case 'publication':
        return this.receivePublication(message.publication);
      case 'epoch':
        return this.receiveEpoch(message.epoch, message.first);
      case 'closed':
        this.deliver(message);
        this.onClosed(this);
        return true;
      default:
        return true;
    }
  }

  interrupt(): void {
    if (this.isInterrupted) return;
    this.isInterrupted = true;
    this.dropped = undefined;
    this.deliver({ type: 'interrupted' });
  }

  resume(standing: Standing): void {
    const { position, id } = this.isInterrupted ? newest(standing, this.dropped) : standing;
    if (!this.isInterrupted && this.position?.epoch === position.epoch) {
      // A message that the server sent after its answer may have arrived before the answer is used.
      if (this.position.offset >= position.offset) return;
    }
    const { position: known } = this;
    const isMoved = known !== undefined && (known.epoch !== position.epoch || known.offset !== position.offset);
    if (isMoved) this.counters?.moved();
    this.isInterrupted = false;
    this.position = position;
    this.deliver({ type: 'resumed', position, id });
  }

  private receivePublication(publication: LivePublication): boolean {
    const { epoch, offset, id } = publication;
    if (this.isInterrupted) return this.drop({ epoch, offset }, id);
    const completed = this.complete(publication);
    if (completed === undefined) return false;
    const isNewEpoch = this.position !== undefined && this.position.epoch !== epoch && offset === 1;
    this.position = { epoch, offset };
    // The server has forgotten the topic, and the publication created it anew.
    this.deliver(
      isNewEpoch ? { type: 'epoch', epoch, first: completed } : { type: 'publication', publication: completed },
    );
    return true;
  }

  private receiveEpoch(epoch: string, first: LivePublication | undefined): boolean {
    const position = { epoch, offset: first === undefined ? 0 : 1 };
    if (this.isInterrupted) return this.drop(position, first?.id ?? '');
    const completed = first && this.complete(first);
    if (first !== undefined && completed === undefined) return false;
    this.position = position;
    this.deliver({ type: 'epoch', epoch, ...(completed === undefined ? {} : { first: completed }) });
    return true;
  }

  private drop(position: Position, id: string): true {
    this.dropped = { topic: this.name, position, id };
    return true;
  }

  /** Adds the value that this node published itself, so that it need not apply its own delta. Undefined: there is no text. */
  private complete(publication: LivePublication): LivePublication | undefined {
    const own = this.own(publication.id);
    if (own !== undefined) {
      const { value } = own;
      // Without the value or the delta the text is needed.
      if (value === undefined || publication.delta === undefined) publication = { ...publication, data: own.data };
      return value === undefined ? publication : { ...publication, value };
    }
    return publication.data === undefined && publication.delta === undefined ? undefined : publication;
  }

  private deliver(message: TopicMessage): void {
    for (const listener of [...this.listeners]) {
      if (!this.listeners.has(listener)) continue;
      try {
        listener(message);
      } catch (error) {
        this.onListenerError(this.name, error);
      }
    }
  }
}

/** The listeners of this node, by topic. */
export class TopicListeners {
  private readonly topics = new Map<string, ListenedTopic>();

  /**
   * @param own returns a publication of this node that is under way.
   * @param onListenerError is called with what a listener throws.
   */
  constructor(
    private readonly channels: TopicChannels,
    private readonly own: (id: string) => NewPublication | undefined,
    private readonly onListenerError: (topic: string, error: unknown) => void,
    private readonly counters?: BrokerCounters,
  ) {}

  /** Number of topics with listeners. */
  get size(): number {
    return this.topics.size;
  }

  /** The topics with listeners. */
  get names(): readonly string[] {
    return [...this.topics.keys()];
  }

  /** Returns the receiver of a topic with listeners. */
  find(topic: string): TopicReceiver | undefined {
    return this.topics.get(topic);
  }

  /** Does what `Broker.listen` describes. */
  async listen(name: string, listener: Listener): Promise<Release> {
    const topic = this.topics.get(name) ?? this.add(name);
    // A new function, so that the same listener can be added twice.
    const own: Listener = (message) => listener(message);
    topic.listeners.add(own);
    const release = async (): Promise<void> => {
      if (topic.listeners.delete(own) && topic.listeners.size === 0) this.remove(topic);
    };
    try {
      await this.channels.add(name, topic);
      if (topic.isInterrupted) throw new Error('messages of the topic may be missing');
    } catch (error) {
      await release();
      if (error instanceof BrokerError) throw error;
      throw new BrokerError('unavailable', `The server of the broker is out of reach: ${messageOf(error)}`, {
        cause: error,
      });
    }
    return release;
  }

  /** Tells the listeners of the topics whose server was lost that messages may be missing. */
  interrupt(isLost: (topic: string) => boolean): void {
    for (const topic of [...this.topics.values()]) if (isLost(topic.name)) topic.interrupt();
  }

  /** Tells the listeners of interrupted topics that messages arrive again, and of others if they missed something. */
  resume(standings: readonly Standing[]): void {
    for (const standing of standings) this.find(standing.topic)?.resume(standing);
  }

  /** Removes all listeners. */
  dispose(): void {
    for (const topic of [...this.topics.values()]) this.remove(topic);
  }

  private add(name: string): ListenedTopic {
    const topic = new ListenedTopic(
      name,
      this.own,
      this.onListenerError,
      (closed) => this.remove(closed),
      this.counters,
    );
    this.topics.set(name, topic);
    return topic;
  }

  private remove(topic: ListenedTopic): void {
    topic.listeners.clear();
    if (this.topics.get(topic.name) !== topic) return;
    this.topics.delete(topic.name);
    this.channels.remove(topic.name);
  }
}

/**
 * The messages behind the answer of the server may arrive before the answer is used. One of another epoch may also be an
 * older one; then listeners read, and find the newest position.
 */
function newest(answered: Standing, dropped: Standing | undefined): Standing {
  if (dropped === undefined) return answered;
  const { epoch, offset } = dropped.position;
  return epoch === answered.position.epoch && offset <= answered.position.offset ? answered : dropped;
}
