import type { EventFrame, PatchFrame, Since, SnapshotFrame, SubscribedFrame } from '@statewire/protocol';

import type { EventStore } from '../topics/event-store.js';
import type { StateStore } from '../topics/state-store.js';

/**
 * `taken`: applied, or known already. `hole`: what would lead there from our own position is missing, so ask again
 * from it. `broken`: the value itself cannot be trusted, so ask for the whole. `kind-mismatch`: not the contract's topic.
 */
export type FeedOutcome = 'taken' | 'hole' | 'broken' | 'kind-mismatch';

/** The frames that bring a topic up to date and carry it. */
export type FeedFrame = SubscribedFrame | SnapshotFrame | PatchFrame | EventFrame;

/**
 * One request to catch up, and all that answers it: a subscription of a socket, or one poll. It merges by position
 * (PROTOCOL.md, "Merging two sources"), so that feeds of several transports may meet in one store in any order.
 */
export class TopicFeed {
  /** Of the frames that follow; undefined before `subscribed`. */
  private epoch: string | undefined;
  /** Where the replay leads. */
  private target = 0;
  /**
   * The next snapshot, or the first event of a replay from the oldest, is the beginning, wherever it is; unless the
   * store has left this cursor by then.
   */
  private beginsAfter: { readonly cursor: Since | undefined } | undefined;

  constructor(
    private readonly store: StateStore | EventStore,
    private readonly since: Since | undefined,
  ) {}

  take(frame: FeedFrame): FeedOutcome {
    if (frame.type === 'subscribed') return this.begin(frame);
    const { store, epoch } = this;
    if (epoch === undefined) return 'hole';
    if (store.kind === 'events') return frame.type === 'event' ? this.takeEvent(store, epoch, frame) : 'hole';
    if (frame.type === 'event') return 'hole';
    return frame.type === 'snapshot' ? this.takeSnapshot(store, frame) : this.takePatch(store, frame);
  }

  private begin(frame: SubscribedFrame): FeedOutcome {
    const { store, since } = this;
    if (frame.kind !== store.kind) return 'kind-mismatch';
    // A second `subscribed` is the server's own word that the epoch is new, whatever the request had asked.
    const announced = this.epoch !== undefined;
    const own = store.cursor;
    const isKnown = announced ? typeof own === 'object' && own.epoch === frame.epoch : !isSame(own, since);
    this.epoch = frame.epoch;
    this.target = frame.offset;
    this.beginsAfter = undefined;
    if (isKnown) return this.joinMoved(frame);
    if (frame.recovered && own !== 'oldest' && own?.epoch !== frame.epoch) return 'broken';
    return store.kind === 'state' ? this.beginState(store, frame) : this.beginEvents(store, frame, announced);
  }

  private beginState(store: StateStore, { recovered, epoch, offset }: SubscribedFrame): FeedOutcome {
    if (!recovered && offset === 0) {
      store.clear({ epoch, offset });
      return 'taken';
    }
    if (!recovered) this.beginsAfter = { cursor: store.cursor };
    store.freshen({ state: recovered && store.cursor?.offset === offset ? 'live' : 'catching-up' });
    return 'taken';
  }

  private beginEvents(store: EventStore, frame: SubscribedFrame, announced: boolean): FeedOutcome {
    const { recovered, epoch, offset } = frame;
    const own = store.cursor;
    const top = { epoch, offset };
    store.open(top);
    if (own === 'oldest' && !announced) {
      if (recovered) store.start({ epoch, offset: 0 }, offset === 0);
      else this.beginsAfter = { cursor: own };
    } else if (recovered) {
      store.freshen({ state: own !== 'oldest' && own?.offset === offset ? 'live' : 'catching-up' });
    } else if (store.lose(top)) {
      return 'hole';
    }
    return 'taken';
  }

  /** Whether what comes now is the beginning; asked once. */
  private begins(own: Since | undefined): boolean {
    const { beginsAfter } = this;
    this.beginsAfter = undefined;
    return beginsAfter !== undefined && isSame(own, beginsAfter.cursor);
  }

  /** Another transport was faster: only what continues its position counts. */
  private joinMoved(frame: SubscribedFrame): FeedOutcome {
    const own = this.store.cursor;
    if (own === undefined || own === 'oldest' || own.epoch !== frame.epoch) return 'hole';
    if (frame.kind === 'events' && !frame.recovered && frame.offset > own.offset) return 'hole';
    if (own.offset >= frame.offset) this.store.freshen({ state: 'live' });
    return 'taken';
  }

  private takeSnapshot(store: StateStore, { epoch, offset, data }: SnapshotFrame): FeedOutcome {
    if (epoch !== this.epoch) return 'hole';
    const own = store.cursor;
    if (!this.begins(own)) {
      if (own?.epoch !== epoch) return 'hole';
      if (offset <= own.offset) return 'taken';
    }
    store.replace(data, { epoch, offset }, offset >= this.target);
    return 'taken';
  }

  private takePatch(store: StateStore, { from, offset, delta }: PatchFrame): FeedOutcome {
    const own = store.cursor;
    if (this.begins(own) || own === undefined || own.epoch !== this.epoch) return 'hole';
    if (offset <= own.offset) return 'taken';
    if (from !== own.offset) return 'hole';
    try {
      store.patch(delta, offset, offset >= this.target);
      return 'taken';
    } catch {
      return 'broken';
    }
  }

  private takeEvent(store: EventStore, epoch: string, { offset, data, time }: EventFrame): FeedOutcome {
    if (this.begins(store.cursor)) {
      if (offset > this.target + 1) return 'hole';
      store.start({ epoch, offset: offset - 1 }, false);
    }
    const own = store.cursor;
    if (own === undefined || own === 'oldest' || own.epoch !== epoch) return 'hole';
    if (offset <= own.offset) return 'taken';
    if (offset !== own.offset + 1) return 'hole';
    store.take(data, { epoch, offset }, time, offset >= this.target);
    return 'taken';
  }
}

function isSame(a: Since | undefined, b: Since | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return a.epoch === b.epoch && a.offset === b.offset;
}
