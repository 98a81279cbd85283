import type { DiffOptions, Json, TopicKind } from '@statewire/protocol';

import type { NewPublication } from '../core/broker.js';
import type { Projection } from './projection.js';
import { deltaBetween, type Timeline } from './timeline.js';

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
