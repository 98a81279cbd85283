import type { Socket } from 'node:net';

import type { Conditions } from './faults.js';

/** Bytes under way above which the pump stops reading. */
const HIGH_WATER_MARK_BYTES = 262_144;
/** Number of portions per second in which a connection with limited bandwidth receives its bytes. */
const PORTIONS_PER_SECOND = 20;

type Item = { readonly due: number } & ({ bytes: Buffer } | { readonly end: 'fin' | 'reset' });

/** One direction of a connection: its bytes in order, and then its end. */
export class Pump {
  readonly #queue: Item[] = [];
  #queued = 0;
  #isHeld = false;
  #isWaiting = false;
  #lastDue = 0;

  constructor(
    readonly from: Socket,
    readonly to: Socket,
    readonly conditions: () => Conditions,
    readonly random: () => number,
  ) {
    to.once('close', () => this.#queue.splice(0));
  }

  push(bytes: Buffer): void {
    this.#queue.push({ bytes, due: this.#due() });
    this.#queued += bytes.length;
    if (this.#queued > HIGH_WATER_MARK_BYTES) this.from.pause();
    this.#step();
  }

  finish(end: 'fin' | 'reset'): void {
    this.#queue.push({ end, due: this.#due() });
    this.#step();
  }

  /** Holds everything back, also the end. The pump does not read, so that the sender's buffers fill as in an outage. */
  hold(): void {
    this.#isHeld = true;
    this.from.pause();
  }

  /** Delivers held bytes. */
  release(): void {
    this.#isHeld = false;
    if (this.#queued <= HIGH_WATER_MARK_BYTES) this.from.resume();
    this.#step();
  }

  #due(): number {
    const { latency = 0, jitter = 0 } = this.conditions();
    const due = latency + jitter === 0 ? 0 : performance.now() + latency + this.random() * jitter;
    return (this.#lastDue = Math.max(this.#lastDue, due));
  }

  #step(): void {
    while (!this.#isHeld && !this.#isWaiting && !this.to.destroyed) {
      const item = this.#queue[0];
      if (item === undefined) return;
      const early = item.due === 0 ? 0 : item.due - performance.now();
      if (early > 0) return this.#goOnAfter(early);
      if (this.to.writableNeedDrain) return this.#goOnWhenDrained();
      if ('end' in item) return this.#end(item.end);
      this.#write(item);
    }
  }

  #write(item: { bytes: Buffer }): void {
    const { bytesPerSecond = 0, slice = 0 } = this.conditions();
    const portion = bytesPerSecond > 0 ? Math.max(1, Math.floor(bytesPerSecond / PORTIONS_PER_SECOND)) : Infinity;
    const size = Math.min(item.bytes.length, portion, slice > 0 ? slice : Infinity);
    this.to.write(item.bytes.subarray(0, size));
    this.#queued -= size;
    item.bytes = item.bytes.subarray(size);
    if (item.bytes.length === 0) this.#queue.shift();
    if (!this.#isHeld && this.#queued <= HIGH_WATER_MARK_BYTES) this.from.resume();
    if (bytesPerSecond > 0) this.#goOnAfter((1_000 * size) / bytesPerSecond);
    else if (slice > 0) this.#goOn((resume) => setImmediate(resume));
  }

  #end(end: 'fin' | 'reset'): void {
    this.#queue.splice(0);
    if (end === 'fin') this.to.end();
    else this.to.resetAndDestroy();
  }

  #goOnAfter(delay: number): void {
    this.#goOn((resume) => setTimeout(resume, delay).unref());
  }

  #goOnWhenDrained(): void {
    this.#goOn((resume) => this.to.once('drain', resume));
  }

  #goOn(later: (resume: () => void) => void): void {
    this.#isWaiting = true;
    later(() => {
      this.#isWaiting = false;
      this.#step();
    });
  }
}
