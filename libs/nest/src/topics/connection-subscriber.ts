import type { Since } from '@statewire/protocol';

import { FRAME_KINDS, type Counters, type ResumeOutcome } from '../core/counters.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { TopicBacklog, FrameSink } from '../delivery/frame-sink.js';
import type { Start, Timeline } from './timeline.js';
import type { TakenPublication, TopicSubscriber } from './topic-subscriber.js';
import type { TopicSubscription } from './topics.js';

export interface OutletMemberOptions {
  readonly since: Since | undefined;
  readonly ref: string | undefined;
  /** The topic was closed and its last publications were handed over. */
  readonly onEnd: (code: 'closed') => void;
  /** The subscriber left. */
  readonly onClose: () => void;
  /** Omitted: nothing is counted. */
  readonly counters?: Counters;
}

/** One connection's subscription of one topic: how far its outlet got, and whether it lags. */
export class ConnectionSubscriber implements TopicSubscriber, TopicSubscription, TopicBacklog {
  private cursor: number;
  private lagging = false;
  private state: 'live' | 'closing' | 'closed' = 'live';
  /** A `subscribed` that the outlet has to be sent before anything else, because the timeline started over. */
  private announced: Start | undefined;

  /** Sends `subscribed` and the first of what follows it. The outlet must have room. */
  constructor(
    private readonly timeline: Timeline,
    private readonly outlet: FrameSink,
    private readonly options: OutletMemberOptions,
  ) {
    const { position, recovered, cursor } = timeline.start(options.since);
    this.cursor = cursor;
    outlet.send(timeline.frames.subscribed(position, recovered, options.ref));
    this.countResume(recovered);
    this.replay();
  }

  get topic(): string {
    return this.timeline.topic;
  }

  appended(frame: EncodedFrame, { offset }: TakenPublication): void {
    if (this.lagging) return;
    if (this.outlet.offer(frame, this)) this.cursor = offset;
    else this.lagging = true;
  }

  restarted(): void {
    const start = this.timeline.start(undefined);
    this.cursor = start.cursor;
    this.announced = start;
    if (this.lagging) return;
    if (this.outlet.offer(this.announcement(start), this)) {
      this.announced = undefined;
      this.replay();
    } else {
      this.lagging = true;
    }
  }

  ended(reason: 'closed' | 'released'): void {
    if (reason === 'released') this.state = 'closed';
    else if (this.lagging) this.state = 'closing';
    else this.end();
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.options.onClose();
  }

  pull(): readonly EncodedFrame[] | 'lost' {
    if (this.state === 'closed') return [];
    const announcement = this.announced === undefined ? [] : [this.announcement(this.announced)];
    this.announced = undefined;
    const next = this.timeline.after(this.cursor);
    if (next === 'lost') return 'lost';
    if (next !== undefined) {
      this.cursor = next.cursor;
      return [...announcement, ...next.frames];
    }
    if (announcement.length > 0) return announcement;
    this.lagging = false;
    if (this.state === 'closing') this.end();
    return [];
  }

  /** Hands over what follows the `subscribed` just sent, until the outlet has had enough. */
  private replay(): void {
    const first = this.timeline.after(this.cursor);
    if (first === undefined || first === 'lost') return;
    // Never held back: without `recovered` the snapshot has to be the one at the position just told.
    for (const frame of first.frames) this.outlet.send(frame);
    this.cursor = first.cursor;
    this.advance();
  }

  private countResume(recovered: boolean): void {
    const { counters, since } = this.options;
    if (since === undefined || since === 'oldest') return;
    counters?.resumes.add(recovered ? this.resumesBy() : 'lost');
  }

  private resumesBy(): ResumeOutcome {
    const next = this.timeline.after(this.cursor);
    const leadsToSnapshot = typeof next === 'object' && next.frames[0]?.kind === FRAME_KINDS.snapshot;
    return leadsToSnapshot ? 'snapshot' : 'patches';
  }

  private advance(): void {
    while (!this.lagging) {
      const next = this.timeline.after(this.cursor);
      if (next === undefined || next === 'lost') return;
      const [first, ...rest] = next.frames;
      if (first !== undefined && !this.outlet.offer(first, this)) {
        this.lagging = true;
        return;
      }
      for (const frame of rest) this.outlet.send(frame);
      this.cursor = next.cursor;
    }
  }

  private announcement(start: Start): EncodedFrame {
    // A state topic may have moved on since; the snapshot that follows is the newest, and so is its position.
    const { position, recovered } = this.timeline.kind === 'state' ? this.timeline.start(undefined) : start;
    return this.timeline.frames.subscribed(position, recovered);
  }

  private end(): void {
    this.state = 'closed';
    this.options.onEnd('closed');
  }
}
