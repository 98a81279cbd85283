import type { Position } from '@statewire/protocol';

import type {
  LivePublication,
  NewPublication,
  StoredPublication,
  TopicHistory,
  TopicMessage,
} from '../../core/broker.js';
import { PublicationLog, type LogLimits } from './publication-log.js';

export type TopicListener = (message: TopicMessage) => void;

type Entry = StoredPublication & { readonly size: number };

/** One topic of the memory broker: its history, and who listens in this process. */
export class MemoryTopic {
  readonly listeners = new Set<TopicListener>();
  /** When it was last of use to anybody, by the same clock as every `now`, which never goes back. */
  usedAt: number;
  private offset = 0;
  private data: string | undefined;
  private time: number | undefined;
  private readonly log: PublicationLog<Entry>;
  private readonly messages: TopicMessage[] = [];
  private delivering = false;

  constructor(
    private epoch: string,
    limits: LogLimits,
    now: number,
    private readonly onListenerError: (error: unknown) => void,
  ) {
    this.log = new PublicationLog(limits);
    this.usedAt = now;
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset };
  }

  /** Bytes it holds, about. */
  get weight(): number {
    return this.log.weight + (this.data?.length ?? 0);
  }

  /** @param time what readers are told, in milliseconds since the Unix epoch. */
  publish(publication: NewPublication, now: number, time: number): Position {
    this.usedAt = now;
    this.offset += 1;
    const { kind, data, patch, value } = publication;
    const delta = patch?.epoch === this.epoch && patch.from === this.offset - 1 ? patch.delta : undefined;
    const { offset } = this;
    const kept = delta === undefined ? { data } : { delta };
    this.log.push({ offset, time, ...kept, size: Buffer.byteLength(delta ?? data) }, now);
    if (kind === 'state') this.data = data;
    this.time = time;
    const live: LivePublication = { epoch: this.epoch, offset, time, data, delta, value };
    this.tell({ type: 'publication', publication: live });
    return { epoch: this.epoch, offset };
  }

  read(now: number, above = this.offset, limit = Infinity): TopicHistory {
    this.usedAt = now;
    this.log.trim(now);
    return {
      ...this.position,
      data: this.data,
      time: this.time,
      oldest: this.log.oldest ?? this.offset + 1,
      publications: this.log.above(above, limit),
    };
  }

  replaceEpoch(epoch: string, now: number): void {
    this.usedAt = now;
    this.epoch = epoch;
    this.offset = 0;
    this.data = undefined;
    this.time = undefined;
    this.log.clear();
    this.tell({ type: 'epoch', position: this.position });
  }

  close(): void {
    this.tell({ type: 'closed' });
  }

  /** In order for every listener, also when one publishes in answer to what it is told. */
  private tell(message: TopicMessage): void {
    this.messages.push(message);
    if (this.delivering) return;
    this.delivering = true;
    for (let next = this.messages.shift(); next !== undefined; next = this.messages.shift()) {
      for (const listener of this.listeners) this.deliver(listener, next);
    }
    this.delivering = false;
  }

  private deliver(listener: TopicListener, message: TopicMessage): void {
    try {
      listener(message);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}
