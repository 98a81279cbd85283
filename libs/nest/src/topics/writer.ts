import type { DiffOptions, Json, TopicKind } from '@statewire/protocol';

import type { NewPublication } from '../core/broker.js';
import type { Environment, Timer } from '../core/environment.js';
import type { Projection } from './projection.js';
import { deltaBetween, type Timeline } from './timeline.js';
import type { ResolvedTopic } from './topic-loader.js';

/**
 * Makes the publications of one topic in this process. Each has the delta from the one that the process sent before it,
 * so that publications of one turn keep their deltas although the broker has not answered yet.
 */
export class Writer {
  /** The newest publication that was sent. Undefined: none, or the broker may not have it. */
  private sent: { readonly id: string; readonly value: Json } | undefined;
  private underWay = 0;

  constructor(
    private readonly kind: TopicKind,
    private readonly diffOptions: DiffOptions,
  ) {}

  /** @param timeline the topic on this node, if it is live. It may have publications of other nodes. */
  prepare(id: string, { text: data, value }: Projection, timeline: Timeline | undefined): NewPublication {
    const { kind } = this;
    const patch = kind === 'state' ? this.patchTo(data, value, timeline) : undefined;
    if (kind === 'state') this.sent = { id, value };
    return { kind, id, data, value, ...(patch === undefined ? {} : { patch }) };
  }

  /** Follows a publication that was prepared until the broker has answered. */
  async track<T>(sending: Promise<T>): Promise<T> {
    this.underWay += 1;
    try {
      return await sending;
    } catch (error) {
      this.sent = undefined;
      throw error;
    } finally {
      this.underWay -= 1;
    }
  }

  private patchTo(data: string, value: Json, timeline: Timeline | undefined): NewPublication['patch'] {
    const { sent } = this;
    const isNewest = timeline === undefined || this.underWay > 0;
    if (sent !== undefined && isNewest && sent.id !== timeline?.id) {
      const delta = deltaBetween(sent.value, data, value, this.diffOptions);
      return delta === undefined ? undefined : { base: sent.id, delta };
    }
    const delta = timeline?.deltaTo(data, value);
    return timeline === undefined || delta === undefined ? undefined : { base: timeline.id, delta };
  }
}

/** Maximum number of writers. Above it the oldest one is dropped, and its next publication has no delta. */
const MAX_WRITERS = 10_000;

/** The writers of the topics that this process published to in the last `keepMs`, or a little longer. */
export class Writers {
  private readonly writers = new Map<string, Writer>();
  /** Names of the topics of publications since the last sweep. */
  private readonly used = new Set<string>();
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    private readonly keepMs: number,
  ) {}

  of(topic: ResolvedTopic): Writer {
    const { kind, name } = topic;
    const writer = this.writers.get(name) ?? new Writer(kind, topic);
    this.writers.set(name, writer);
    if (this.writers.size > MAX_WRITERS) this.writers.delete(this.writers.keys().next().value!);
    this.used.add(name);
    this.sweep ??= this.environment.setTimer(() => this.dropUnused(), this.keepMs);
    return writer;
  }

  delete(name: string): void {
    this.writers.delete(name);
  }

  dispose(): void {
    this.sweep?.cancel();
    this.writers.clear();
    this.used.clear();
  }

  private dropUnused(): void {
    for (const name of this.writers.keys()) {
      if (!this.used.has(name)) this.writers.delete(name);
    }
    this.used.clear();
    this.sweep = this.writers.size === 0 ? undefined : this.environment.setTimer(() => this.dropUnused(), this.keepMs);
  }
}
