import type { ServerFrame } from '@statewire/protocol';

import type { Environment } from '../core/environment.js';
import type { Counters } from '../core/counters.js';
import type { Batch } from './batch.js';
import type { EncodedFrame } from './encoded-frame.js';
import type { FlushScheduler } from './flush-scheduler.js';
import { encodeFrame } from './frame-encoder.js';
import type { FrameSocket } from './frame-socket.js';
import type { Debtor } from './outbox-budget.js';
import type { TopicBacklog, FrameSink } from './frame-sink.js';
import { StallWatch } from './stall-watch.js';

/**
 * Why a reader is given up; close its connection with 4101.
 *
 * - `hard-mark`: it lets more than `hardMark` bytes wait.
 * - `stalled`: it took nothing for `stalledTimeout`.
 * - `history`: it fell further behind on an event topic than history reaches.
 * - `total`: all readers of the node let too much wait, and it has lagged longest.
 */
export type OverflowReason = 'hard-mark' | 'stalled' | 'history' | 'total';

/** One object may serve all outboxes of a node. */
export interface OutboxOptions {
  /** Waiting bytes from which live frames of topics are held back and conflate. 0: never. */
  readonly softMark: number;
  /** Waiting bytes above which the reader is given up. 0: never. */
  readonly hardMark: number;
  /** Milliseconds without progress after which the reader is given up. 0: never. */
  readonly stalledTimeout: number;
  readonly environment: Pick<Environment, 'setTimer'>;
  readonly scheduler: FlushScheduler;
  /** Omitted: nothing is counted. */
  readonly counters?: Counters;
}

/**
 * The frames on their way to one connection: one write per tick, and no more waiting bytes than the marks allow.
 *
 * Live frames of topics and replays never pass the soft mark by more than one pull, so the hard mark is reached only by
 * what was sent outright: answers to a client that asks and does not read.
 */
export class Outbox implements FrameSink, Debtor {
  private batch: Batch | undefined;
  /** Bytes in the socket when the first frame of this tick was queued. */
  private buffered = 0;
  /** Bytes ever written. */
  private written = 0;
  /** Bytes the budget knows of. */
  private owed = 0;
  private closed = false;
  private lagging: Set<TopicBacklog> | undefined;
  private waiters: (() => void)[] | undefined;
  private stallWatch: StallWatch | undefined;
  private readonly onWritten = (): void => this.refill();

  constructor(
    private readonly socket: FrameSocket,
    private readonly options: OutboxOptions,
    /** Called at most once; nothing is written afterwards. */
    private readonly onOverflow: (reason: OverflowReason) => void,
  ) {}

  /** Bytes that wait: pending in this tick, or not yet taken by the operating system. */
  get waiting(): number {
    return this.batch === undefined ? this.socket.bufferedAmount : this.buffered + this.batch.size;
  }

  /**
   * Queues a frame for the end of the tick. After `close` it is dropped. An `ack` overtakes what topics told in the same
   * tick: who shows what the action does already would show it twice between the patch that has it and the `ack`.
   */
  send(frame: ServerFrame | EncodedFrame): void {
    if (this.closed) return;
    if (!('type' in frame)) {
      this.queue(frame);
    } else {
      if (frame.type === 'error') this.options.counters?.refusals.add(frame.code);
      this.queue(encodeFrame(frame), frame.type === 'ack');
    }
    if (!this.passesHardMark()) return;
    // A burst within one tick says nothing about the reader yet.
    this.flush();
    if (this.passesHardMark()) this.overflow('hard-mark');
  }

  offer(frame: EncodedFrame, backlog: TopicBacklog): boolean {
    if (this.closed) return true;
    if (this.lags()) {
      (this.lagging ??= new Set()).add(backlog);
      if (this.options.counters) this.options.counters.conflations += 1;
      return false;
    }
    this.queue(frame);
    return true;
  }

  room(): Promise<void> | undefined {
    if (this.closed || !this.lags()) return undefined;
    return new Promise((resolve) => (this.waiters ??= []).push(resolve));
  }

  /** Writes now what is pending. */
  flush(): void {
    const batch = this.batch;
    if (batch === undefined || this.closed) return;
    this.batch = undefined;
    this.written += batch.size;
    this.socket.write(batch, this.onWritten);
    this.refill();
  }

  /** Writes what is pending, then drops whatever still comes. */
  close(): void {
    this.flush();
    this.end();
  }

  settle(): void {
    this.owe(this.socket.bufferedAmount);
  }

  giveUp(): void {
    this.overflow('total');
  }

  private owe(bytes: number): void {
    if (bytes === this.owed) return;
    this.options.scheduler.budget.changed(this, this.owed, bytes);
    this.owed = bytes;
  }

  private queue(frame: EncodedFrame, isAhead = false): void {
    const { counters } = this.options;
    if (counters !== undefined) counters.sent[frame.kind] += 1;
    if (this.batch === undefined) {
      this.buffered = this.socket.bufferedAmount;
      this.batch = this.options.scheduler.root.with(frame);
      this.options.scheduler.schedule(this);
    } else {
      this.batch = isAhead ? this.batch.withAhead(frame) : this.batch.with(frame);
    }
  }

  private lags(): boolean {
    const { softMark } = this.options;
    return softMark > 0 && this.waiting >= softMark;
  }

  private passesHardMark(): boolean {
    const { hardMark } = this.options;
    return hardMark > 0 && this.waiting > hardMark;
  }

  private refill(): void {
    if (this.closed) return;
    const { bufferedAmount } = this.socket;
    this.owe(bufferedAmount);
    if (bufferedAmount > 0) this.watchForStall();
    if (this.lags()) return;
    if (this.waiters !== undefined) this.letIn(this.waiters);
    else if (this.lagging !== undefined) this.pull(this.lagging);
  }

  private letIn(waiters: readonly (() => void)[]): void {
    this.waiters = undefined;
    for (const resolve of waiters) resolve();
    // After those who waited had their turn, so that a busy backlog cannot starve them.
    queueMicrotask(() => this.refill());
  }

  private pull(lagging: Set<TopicBacklog>): void {
    for (const backlog of lagging) {
      if (this.lags()) return;
      const frames = backlog.pull();
      if (frames === 'lost') return this.overflow('history');
      lagging.delete(backlog);
      if (frames.length === 0) continue;
      for (const frame of frames) this.queue(frame);
      // Back in at the end of the set, which this loop will reach: the topics take turns.
      lagging.add(backlog);
    }
    this.lagging = undefined;
  }

  private watchForStall(): void {
    const { environment, stalledTimeout } = this.options;
    if (stalledTimeout === 0) return;
    this.stallWatch ??= new StallWatch(
      environment,
      stalledTimeout,
      () => this.taken(),
      () => this.overflow('stalled'),
    );
    this.stallWatch.start();
  }

  private taken(): number | undefined {
    const { bufferedAmount } = this.socket;
    return bufferedAmount === 0 ? undefined : this.written - bufferedAmount;
  }

  private overflow(reason: OverflowReason): void {
    this.end();
    this.onOverflow(reason);
  }

  private end(): void {
    this.closed = true;
    this.owe(0);
    this.batch = undefined;
    this.lagging = undefined;
    this.stallWatch?.stop();
    this.waiters?.forEach((resolve) => resolve());
  }
}
