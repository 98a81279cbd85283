import type { Json, Position, Since } from '@statewire/protocol';

import type { StoredPublication } from '../core/broker.js';
import { FRAME_KINDS, type Counters, type ResumeOutcome } from '../core/counters.js';
import type { Environment } from '../core/environment.js';
import { isReadable, type EncodedFrame } from '../delivery/frame-encoder.js';
import type { FrameSink, TopicBacklog } from '../delivery/frame-sink.js';
import type { LiveTopic } from './live-topic.js';
import { freezeDeep, type ReplayStart, type Timeline } from './timeline.js';

/** A publication in a timeline. `value` is present if it is already parsed. */
export type AppendedPublication = StoredPublication & { readonly value?: Json };

/** Follows a topic on this node. The live topic calls it synchronously and in order. Never throws. */
export interface TopicSubscriber {
  /** The timeline grew by one publication. */
  appended(frame: EncodedFrame, publication: AppendedPublication): void;
  /** The timeline started over: a new epoch, or a gap that history does not fill. */
  restarted(): void;
  /** Publications may be missing since `since` (milliseconds since the Unix epoch), because the broker is out of reach. */
  interrupted(since: number): void;
  /** The topic is up to date again. What was missing has been appended. */
  resumed(): void;
  /** The last call: the topic was closed, its observable or its loader failed, or this node released it. */
  ended(reason: EndReason | 'released'): void;
}

/** Why the server ends a subscription: the topic was closed, or its observable or its loader failed. */
export type EndReason = 'closed' | 'failed';

/** The subscription of one topic by one connection. */
export interface TopicSubscription {
  readonly topic: string;
  /** Ends the subscription. The sink receives no frame of the topic afterwards. */
  close(): void;
}

export interface ConnectionSubscriberOptions {
  readonly since: Since | undefined;
  readonly ref: string | undefined;
  /** When the topic became stale, in milliseconds since the Unix epoch. Omitted: it is current. */
  readonly staleSince?: number | undefined;
  /** Called after the topic has ended and the sink has received its last publications. */
  readonly onEnd: (reason: EndReason) => void;
  /** Called when the connection ends the subscription. */
  readonly onClose: () => void;
  /** Omitted: nothing is counted. */
  readonly counters?: Counters | undefined;
}

/** Sends one topic to one connection. Tracks the position of the sink and whether the sink lags. */
export class ConnectionSubscriber implements TopicSubscriber, TopicSubscription, TopicBacklog {
  private cursor: number;
  private lagging = false;
  private state: 'live' | 'closing' | 'closed' = 'live';
  private endReason: EndReason = 'closed';
  /** The `subscribed` that the sink must receive before anything else, because the timeline started over. */
  private pendingStart: ReplayStart | undefined;
  /** When the topic became stale, as the reader knows it. */
  private staleSince: number | undefined;
  /** Whether the reader still has to learn that the topic is current, after it has received what was missing. */
  private freshDue = false;

  /** Sends `subscribed` and the first frames of the replay. The sink must not lag. */
  constructor(
    private readonly timeline: Timeline,
    private readonly sink: FrameSink,
    private readonly options: ConnectionSubscriberOptions,
  ) {
    const { position, recovered, cursor } = timeline.start(options.since);
    this.cursor = cursor;
    this.staleSince = options.staleSince;
    sink.send(timeline.frames.subscribed(position, recovered, options.ref, options.staleSince));
    this.countResume(recovered);
    this.replay();
  }

  get topic(): string {
    return this.timeline.topic;
  }

  appended(frame: EncodedFrame, { offset }: AppendedPublication): void {
    // A whole value may have passed publications that are still to come.
    if (this.lagging || offset <= this.cursor) return;
    const { deltas } = this.sink;
    const readable = isReadable(frame, deltas) ? frame : this.timeline.patchWith(deltas);
    if (readable === undefined) return this.advance();
    if (this.sink.offer(readable, this)) this.cursor = offset;
    else this.lagging = true;
  }

  restarted(): void {
    const start = this.timeline.start(undefined);
    this.cursor = start.cursor;
    this.pendingStart = start;
    if (this.lagging) return;
    if (this.sink.offer(this.subscribedFrame(start), this)) {
      this.pendingStart = undefined;
      this.replay();
    } else {
      this.lagging = true;
    }
  }

  interrupted(since: number): void {
    this.freshDue = false;
    // A lagging reader may not know yet that an earlier interruption is over.
    if (this.staleSince !== undefined) return;
    this.staleSince = since;
    this.sink.send(this.timeline.frames.stale(since));
  }

  resumed(): void {
    if (this.lagging) this.freshDue = true;
    else this.sendFresh();
  }

  ended(reason: EndReason | 'released'): void {
    if (reason === 'released') {
      this.state = 'closed';
      return;
    }
    this.endReason = reason;
    if (this.lagging) this.state = 'closing';
    else this.end();
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.options.onClose();
  }

  pull(): readonly EncodedFrame[] | 'lost' {
    if (this.state === 'closed') return [];
    const subscribed = this.pendingStart === undefined ? [] : [this.subscribedFrame(this.pendingStart)];
    this.pendingStart = undefined;
    const next = this.timeline.after(this.cursor, this.sink.deltas);
    if (next === 'lost') return 'lost';
    if (next !== undefined) {
      this.cursor = next.cursor;
      return [...subscribed, ...next.frames];
    }
    if (subscribed.length > 0) return subscribed;
    this.lagging = false;
    if (this.freshDue) this.sendFresh();
    if (this.state === 'closing') this.end();
    return [];
  }

  /** Sends the frames that follow the `subscribed` just sent, until the reader lags. */
  private replay(): void {
    const first = this.timeline.after(this.cursor, this.sink.deltas);
    if (first === undefined || first === 'lost') return;
    // Sent even to a lagging reader: without `recovered`, the snapshot has to match the position in `subscribed`.
    for (const frame of first.frames) this.sink.send(frame);
    this.cursor = first.cursor;
    this.advance();
  }

  private countResume(recovered: boolean): void {
    const { counters, since } = this.options;
    if (since === undefined || since === 'oldest') return;
    counters?.resumes.add(recovered ? this.resumeOutcome() : 'lost');
  }

  private resumeOutcome(): ResumeOutcome {
    const next = this.timeline.after(this.cursor, this.sink.deltas);
    const leadsToSnapshot = typeof next === 'object' && next.frames[0]?.kind === FRAME_KINDS.snapshot;
    return leadsToSnapshot ? 'snapshot' : 'patches';
  }

  private advance(): void {
    while (!this.lagging) {
      const next = this.timeline.after(this.cursor, this.sink.deltas);
      if (next === undefined || next === 'lost') return;
      const [first, ...rest] = next.frames;
      if (first !== undefined && !this.sink.offer(first, this)) {
        this.lagging = true;
        return;
      }
      for (const frame of rest) this.sink.send(frame);
      this.cursor = next.cursor;
    }
  }

  private subscribedFrame(start: ReplayStart): EncodedFrame {
    // A state topic may have moved on: the snapshot that follows is the newest, and its position must match.
    const { position, recovered } = this.timeline.kind === 'state' ? this.timeline.start(undefined) : start;
    return this.timeline.frames.subscribed(position, recovered, undefined, this.staleSince);
  }

  private sendFresh(): void {
    this.freshDue = false;
    if (this.staleSince === undefined) return;
    this.staleSince = undefined;
    this.sink.send(this.timeline.frames.fresh());
  }

  private end(): void {
    this.state = 'closed';
    this.options.onEnd(this.endReason);
  }
}

/** A publication as a stream inside this process emits it. */
export interface TopicPublication {
  readonly position: Position;
  readonly value: Json;
  /** Milliseconds since the Unix epoch, by the clock of the broker. */
  readonly time: number;
}

/** The observer of a stream. */
interface PublicationObserver {
  next(publication: TopicPublication): void;
  complete(): void;
}

/** Passes the parsed values of a topic to an observer inside this process. */
export class StreamSubscriber implements TopicSubscriber {
  constructor(
    private readonly timeline: Timeline,
    private readonly observer: PublicationObserver,
  ) {
    this.restarted();
  }

  appended(_frame: unknown, { data, offset, time, value }: AppendedPublication): void {
    const { epoch } = this.timeline.position;
    if (this.timeline.kind === 'events') {
      this.observer.next({ position: { epoch, offset }, value: freezeDeep(value ?? parse(data!)), time });
    } else if (offset === this.timeline.position.offset) {
      // Several publications from the broker's history may arrive at once; the timeline holds the newest value only.
      this.restarted();
    }
  }

  restarted(): void {
    const { newest, position } = this.timeline;
    if (newest !== undefined) this.observer.next({ position, ...newest });
  }

  interrupted(): void {}

  resumed(): void {}

  ended(): void {
    this.observer.complete();
  }
}

/**
 * Waits for the next publication, new epoch or end of a topic, and with `freshness` also until it becomes stale or
 * current.
 *
 * @returns false if the signal aborted first, or the timeout (milliseconds, 0: none) passed first.
 */
export function waitForChange(
  live: LiveTopic,
  options: {
    readonly signal?: AbortSignal;
    readonly environment: Pick<Environment, 'setTimer'>;
    readonly timeout?: number;
    readonly freshness?: boolean;
  },
): Promise<boolean> {
  const { environment, freshness = false, signal, timeout = 0 } = options;
  return new Promise((resolve) => {
    const onChange = (): void => finish(true);
    const onLate = (): void => finish(false);
    const onFreshness = freshness ? onChange : (): void => undefined;
    const subscriber: TopicSubscriber = {
      appended: onChange,
      restarted: onChange,
      interrupted: onFreshness,
      resumed: onFreshness,
      ended: onChange,
    };
    const timer = timeout > 0 ? environment.setTimer(onLate, timeout) : undefined;
    const finish = (hasChanged: boolean): void => {
      live.remove(subscriber, subscriber);
      timer?.cancel();
      signal?.removeEventListener('abort', onLate);
      resolve(hasChanged);
    };
    live.add(subscriber, subscriber);
    signal?.addEventListener('abort', onLate);
  });
}

function parse(data: string): Json {
  return JSON.parse(data) as Json;
}
