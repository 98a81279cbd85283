import type { DeltaCapability, ServerFrame } from '@statewire/protocol';

import type { Counters } from '../core/counters.js';
import type { Environment } from '../core/environment.js';
import { type Batch, encodeFrame, type EncodedFrame } from './frame-encoder.js';
import type { BufferedWriter, Flushable, FlushScheduler } from './flush-scheduler.js';
import type { FrameSink, TopicBacklog } from './frame-sink.js';
import { StallWatch } from './stall-watch.js';

/** The output of a WebSocket, as an outbox uses it. */
export interface FrameSocket {
  /**
   * Writes all messages of the batch, in one write if the socket supports it. Calls `written` when the operating system
   * has accepted them all, or when the connection lost them. Need not call it if `bufferedAmount` is 0 after the write.
   */
  write(batch: Batch, written: () => void): void;
  /** Written bytes that the operating system has not accepted yet. */
  readonly bufferedAmount: number;
}

/**
 * The reason why an outbox stopped. The connection must be closed with 4101.
 *
 * - `hard-mark`: more than `hardMark` bytes are buffered for the reader.
 * - `stalled`: the reader accepted no bytes for `stalledTimeout`.
 * - `history`: the history of an event topic no longer holds the next event of the reader.
 * - `total`: the budget of the node evicted the reader.
 */
export type OverflowReason = 'hard-mark' | 'stalled' | 'history' | 'total';

/** Options of an outbox. All outboxes of a node may share one object. */
export interface OutboxOptions {
  /** Buffered bytes from which live topic frames are held back and conflated. 0: never. */
  readonly softMark: number;
  /** Buffered bytes above which the outbox stops. 0: never. */
  readonly hardMark: number;
  /** Milliseconds without progress after which the outbox stops. 0: never. */
  readonly stalledTimeout: number;
  readonly environment: Pick<Environment, 'setTimer'>;
  readonly scheduler: FlushScheduler;
  /** Omitted: nothing is counted. */
  readonly counters?: Counters;
}

/**
 * The frames on their way to one connection. An outbox writes once per tick and buffers no more bytes than its marks
 * allow.
 *
 * Live topic frames and replays exceed the soft mark by at most one pull. Only frames from `send` can reach the hard
 * mark: the answers to a client that sends requests but does not read.
 */
export class Outbox implements FrameSink, Flushable, BufferedWriter {
  /** Optional delta operations that the client named in `hello`. */
  deltas: readonly DeltaCapability[] = [];

  private batch: Batch | undefined;
  /** Bytes that the socket buffered when the batch was started. */
  private socketBytes = 0;
  private written = 0;
  /** Buffered bytes as of the last report to the budget. */
  private reportedBytes = 0;
  private closed = false;
  private lagging: Set<TopicBacklog> | undefined;
  private waiters: (() => void)[] | undefined;
  private stallWatch: StallWatch | undefined;
  private readonly onWritten = (): void => this.refill();

  constructor(
    private readonly socket: FrameSocket,
    private readonly options: OutboxOptions,
    /** Called at most once. The outbox writes nothing afterwards. */
    private readonly onOverflow: (reason: OverflowReason) => void,
  ) {}

  /** Bytes of the pending batch, and bytes that the operating system has not accepted yet. */
  get bufferedBytes(): number {
    return this.batch === undefined ? this.unsentBytes : this.socketBytes + this.batch.size;
  }

  /** Asks the socket only if it had bytes left after the last write, because only this outbox writes more than pongs. */
  private get unsentBytes(): number {
    return this.reportedBytes === 0 && !this.closed ? 0 : this.socket.bufferedAmount;
  }

  /** Bytes written since the start of the connection. */
  get writtenBytes(): number {
    return this.written;
  }

  /**
   * Queues a frame for the end of the tick. Drops it after `close`. An `ack` overtakes the topic frames of its tick.
   * Otherwise a client with an optimistic update would show the effect of the action twice between the patch and the
   * `ack`.
   */
  send(frame: ServerFrame | EncodedFrame): void {
    if (this.closed) return;
    if (!('type' in frame)) {
      this.queue(frame);
    } else {
      if (frame.type === 'error') this.options.counters?.errorsSent.add(frame.code);
      this.queue(encodeFrame(frame), frame.type === 'ack');
    }
    if (!this.exceedsHardMark()) return;
    // A burst within one tick does not mean that the reader is slow, so it is written first.
    this.flush();
    if (this.exceedsHardMark()) this.overflow('hard-mark');
  }

  offer(frame: EncodedFrame, backlog: TopicBacklog): boolean {
    if (this.closed) return true;
    if (this.isLagging()) {
      (this.lagging ??= new Set()).add(backlog);
      if (this.options.counters) this.options.counters.conflations += 1;
      return false;
    }
    this.queue(frame);
    return true;
  }

  whenDrained(): Promise<void> | undefined {
    if (this.closed || !this.isLagging()) return undefined;
    return new Promise((resolve) => (this.waiters ??= []).push(resolve));
  }

  /** Writes the pending batch now. */
  flush(): void {
    const batch = this.batch;
    if (batch === undefined || this.closed) return;
    this.batch = undefined;
    this.written += batch.size;
    this.socket.write(batch, this.onWritten);
    this.refill();
  }

  /** Writes the pending batch and drops all later frames. */
  close(): void {
    this.flush();
    this.end();
  }

  reportBuffered(): void {
    this.report(this.socket.bufferedAmount);
  }

  evict(): void {
    this.overflow('total');
  }

  private report(bytes: number): void {
    if (bytes === this.reportedBytes) return;
    this.options.scheduler.budget.update(this, this.reportedBytes, bytes);
    this.reportedBytes = bytes;
  }

  private queue(frame: EncodedFrame, isAhead = false): void {
    const { counters } = this.options;
    if (counters !== undefined) counters.sent[frame.kind] += 1;
    if (this.batch === undefined) {
      this.socketBytes = this.unsentBytes;
      this.batch = this.options.scheduler.root.with(frame);
      this.options.scheduler.schedule(this);
    } else {
      this.batch = isAhead ? this.batch.withAhead(frame) : this.batch.with(frame);
    }
  }

  private isLagging(): boolean {
    const { softMark } = this.options;
    return softMark > 0 && this.bufferedBytes >= softMark;
  }

  private exceedsHardMark(): boolean {
    const { hardMark } = this.options;
    return hardMark > 0 && this.bufferedBytes > hardMark;
  }

  /** Reports the buffered bytes. If the reader no longer lags, continues with waiters and backlogs. */
  private refill(): void {
    if (this.closed) return;
    const { bufferedAmount } = this.socket;
    this.report(bufferedAmount);
    if (bufferedAmount > 0) this.watchForStall();
    if (this.waiters === undefined && this.lagging === undefined) return;
    if (this.isLagging()) return;
    if (this.waiters !== undefined) this.resumeWaiters(this.waiters);
    else if (this.lagging !== undefined) this.pullFrom(this.lagging);
  }

  private resumeWaiters(waiters: readonly (() => void)[]): void {
    this.waiters = undefined;
    for (const resolve of waiters) resolve();
    // The waiters run first, so that a busy backlog cannot starve them.
    queueMicrotask(() => this.refill());
  }

  private pullFrom(lagging: Set<TopicBacklog>): void {
    for (const backlog of lagging) {
      if (this.isLagging()) return;
      const frames = backlog.pull();
      if (frames === 'lost') return this.overflow('history');
      lagging.delete(backlog);
      if (frames.length === 0) continue;
      for (const frame of frames) this.queue(frame);
      // Added again at the end of the set, which this loop reaches: the topics take turns.
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
      () => this.bytesAccepted(),
      () => this.overflow('stalled'),
    );
    this.stallWatch.start();
  }

  private bytesAccepted(): number | undefined {
    const { bufferedAmount } = this.socket;
    return bufferedAmount === 0 ? undefined : this.written - bufferedAmount;
  }

  private overflow(reason: OverflowReason): void {
    this.end();
    this.onOverflow(reason);
  }

  private end(): void {
    this.closed = true;
    this.report(0);
    this.batch = undefined;
    this.lagging = undefined;
    this.stallWatch?.stop();
    this.waiters?.forEach((resolve) => resolve());
  }
}
