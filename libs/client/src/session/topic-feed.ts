import type {
  EventFrame,
  FreshFrame,
  PatchFrame,
  Since,
  SnapshotFrame,
  StaleFrame,
  SubscribedFrame,
} from '@statewire/protocol';

import { RealtimeClientError } from '../core/realtime-client-error.js';
import type { EventStore } from '../topics/event-store.js';
import type { StateStore } from '../topics/state-store.js';
import type { Freshness } from '../topics/topic-state.js';
import { CATCHING_UP, LIVE } from '../topics/topic-store.js';

const NO_BROKER = 'The server has lost contact with its broker. It sends missing events later.';

/**
 * The outcome of a frame.
 *
 * - `applied`: the store has it, now or already before.
 * - `hole`: a publication between the store's position and the frame is missing. Request the topic from the position.
 * - `broken`: the value cannot be trusted. Request the whole value.
 * - `kind-mismatch`: the server has the topic as the other kind.
 */
export type FeedOutcome = 'applied' | 'hole' | 'broken' | 'kind-mismatch';

/** The frames that bring a topic up to date and keep it so. */
export type FeedFrame = SubscribedFrame | SnapshotFrame | PatchFrame | EventFrame;

/**
 * Applies the answer to one catch-up request: a subscription over a WebSocket, or one poll. It merges by position
 * (PROTOCOL.md, "Merging two sources"), so that feeds of both transports may fill one store in any order.
 */
export class TopicFeed {
  readonly #store: StateStore | EventStore;
  readonly #since: Since | undefined;

  /** Epoch of the frames that follow; undefined before `subscribed`. */
  #epoch: string | undefined;
  /** Offset at which the replay ends. */
  #target = 0;
  /** When the server may have begun to miss publications, in milliseconds since the Unix epoch. */
  #staleSince: number | undefined;
  /**
   * Set while the next snapshot, or the first event of a replay from the oldest, starts the store wherever it is. It
   * counts only while the store is still at this cursor.
   */
  #startsAfter: { readonly cursor: Since | undefined } | undefined;

  constructor(store: StateStore | EventStore, since: Since | undefined) {
    this.#store = store;
    this.#since = since;
  }

  /** Shows that the server may miss publications, or that it has sent all of them. Call it after `subscribed`. */
  applyStaleness(frame: StaleFrame | FreshFrame): void {
    this.#setStaleSince(frame.type === 'stale' ? frame.since : undefined);
    const own = this.#store.cursor;
    const isCurrent = !this.#startsAfter && typeof own === 'object' && own.epoch === this.#epoch;
    this.#store.setFreshness(this.#freshness(isCurrent && own.offset >= this.#target));
  }

  apply(frame: FeedFrame): FeedOutcome {
    if (frame.type === 'subscribed') return this.#applySubscribed(frame);
    const epoch = this.#epoch;
    const store = this.#store;
    if (epoch === undefined) return 'hole';
    if (store.kind === 'events') return frame.type === 'event' ? this.#applyEvent(store, epoch, frame) : 'hole';
    if (frame.type === 'event') return 'hole';
    return frame.type === 'snapshot' ? this.#applySnapshot(store, frame) : this.#applyPatch(store, frame);
  }

  #applySubscribed(frame: SubscribedFrame): FeedOutcome {
    const store = this.#store;
    const since = this.#since;
    if (frame.kind !== store.kind) return 'kind-mismatch';
    // A second `subscribed` announces a new epoch and is independent of the request.
    const isNewEpoch = this.#epoch !== undefined;
    const own = store.cursor;
    const hasMoved = isNewEpoch ? this.#hasLeft(own, frame.epoch) : !isSame(own, since);
    this.#epoch = frame.epoch;
    this.#target = frame.offset;
    this.#setStaleSince(frame.staleSince);
    this.#startsAfter = undefined;
    if (hasMoved) return this.#joinMovedStore(frame);
    if (frame.recovered && own !== 'oldest' && own?.epoch !== frame.epoch) return 'broken';
    return store.kind === 'state' ? this.#startState(store, frame) : this.#startEvents(store, frame, isNewEpoch);
  }

  /**
   * Whether the other transport has moved the store to the announced epoch, or to a third one. The client cannot tell
   * which of two epochs is newer.
   */
  #hasLeft(own: Since | undefined, announced: string): boolean {
    if (typeof own !== 'object') return false;
    return own.epoch === announced || (own.epoch !== this.#epoch && !this.#isStartDue(own));
  }

  #startState(store: StateStore, { recovered, epoch, offset }: SubscribedFrame): FeedOutcome {
    if (!recovered && offset === 0) {
      store.clear({ epoch, offset }, this.#freshness(true));
      return 'applied';
    }
    if (!recovered) this.#startsAfter = { cursor: store.cursor };
    store.setFreshness(this.#freshness(recovered && store.cursor?.offset === offset));
    return 'applied';
  }

  #startEvents(store: EventStore, frame: SubscribedFrame, isNewEpoch: boolean): FeedOutcome {
    const { recovered, epoch, offset } = frame;
    const own = store.cursor;
    const top = { epoch, offset };
    store.open(top);
    if (own === 'oldest' && !isNewEpoch) {
      if (recovered) store.start({ epoch, offset: 0 }, this.#freshness(offset === 0));
      else this.#startsAfter = { cursor: own };
    } else if (recovered) {
      store.setFreshness(this.#freshness(own !== 'oldest' && own?.offset === offset));
    } else if (store.lose(top, this.#freshness(true))) {
      return 'hole';
    }
    return 'applied';
  }

  /** Returns whether the current frame starts the store. Only the first frame can. */
  #consumeStart(own: Since | undefined): boolean {
    const isDue = this.#isStartDue(own);
    this.#startsAfter = undefined;
    return isDue;
  }

  #isStartDue(own: Since | undefined): boolean {
    return this.#startsAfter !== undefined && isSame(own, this.#startsAfter.cursor);
  }

  /** The other transport was faster. Only frames that continue the store's position count. */
  #joinMovedStore(frame: SubscribedFrame): FeedOutcome {
    const own = this.#store.cursor;
    if (own === undefined || own === 'oldest' || own.epoch !== frame.epoch) return 'hole';
    if (frame.kind === 'events' && !frame.recovered && frame.offset > own.offset) return 'hole';
    if (own.offset >= frame.offset || frame.staleSince !== undefined) this.#store.setFreshness(this.#freshness(true));
    return 'applied';
  }

  #applySnapshot(store: StateStore, { epoch, offset, data }: SnapshotFrame): FeedOutcome {
    if (epoch !== this.#epoch) return 'hole';
    const own = store.cursor;
    if (!this.#consumeStart(own)) {
      if (own?.epoch !== epoch) return 'hole';
      if (offset <= own.offset) return 'applied';
    }
    store.replace(data, { epoch, offset }, this.#freshness(offset >= this.#target));
    return 'applied';
  }

  #applyPatch(store: StateStore, { from, offset, delta }: PatchFrame): FeedOutcome {
    const own = store.cursor;
    if (this.#consumeStart(own) || own === undefined || own.epoch !== this.#epoch) return 'hole';
    if (offset <= own.offset) return 'applied';
    if (from !== own.offset) return 'hole';
    try {
      store.patch(delta, offset, this.#freshness(offset >= this.#target));
      return 'applied';
    } catch {
      return 'broken';
    }
  }

  #applyEvent(store: EventStore, epoch: string, { offset, data, time }: EventFrame): FeedOutcome {
    if (this.#consumeStart(store.cursor)) {
      if (offset > this.#target + 1) return 'hole';
      store.start({ epoch, offset: offset - 1 }, this.#freshness(false));
    }
    const own = store.cursor;
    if (own === undefined || own === 'oldest' || own.epoch !== epoch) return 'hole';
    if (offset <= own.offset) return 'applied';
    if (offset !== own.offset + 1) return 'hole';
    store.deliver(data, { epoch, offset }, time, this.#freshness(offset >= this.#target));
    return 'applied';
  }

  #setStaleSince(staleSince: number | undefined): void {
    this.#staleSince = staleSince;
    // The value of a state topic has a freshness. Readers of events have no other sign.
    if (staleSince !== undefined && this.#store.kind === 'events') {
      this.#store.defer(new RealtimeClientError('unavailable', NO_BROKER, undefined, true), staleSince);
    }
  }

  /** @param isCurrent whether the store has everything that the server has announced. */
  #freshness(isCurrent: boolean): Freshness {
    const staleSince = this.#staleSince;
    if (staleSince !== undefined) return { state: 'stale', staleSince };
    return isCurrent ? LIVE : CATCHING_UP;
  }
}

function isSame(a: Since | undefined, b: Since | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return a.epoch === b.epoch && a.offset === b.offset;
}
