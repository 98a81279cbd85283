import type { Socket } from 'node:net';

import type { Weather } from './faults.js';

/** Bytes under way above which no more are taken. */
const MARK = 262_144;
/** A throttled connection gets its bytes in so many portions a second. */
const PORTIONS = 20;

type Item = { readonly due: number } & ({ bytes: Buffer } | { readonly end: 'fin' | 'reset' });

/** One direction of a connection: bytes in order, and then its end. */
export class Pump {
  readonly #queue: Item[] = [];
  #queued = 0;
  #isHeld = false;
  #isWaiting = false;
  #lastDue = 0;

  constructor(
    readonly from: Socket,
    readonly to: Socket,
    readonly weather: () => Weather,
    readonly random: () => number,
  ) {
    to.once('close', () => this.#queue.splice(0));
  }

  push(bytes: Buffer): void {
    this.#queue.push({ bytes, due: this.#due() });
    this.#queued += bytes.length;
    if (this.#queued > MARK) this.from.pause();
    this.#step();
  }

  finish(end: 'fin' | 'reset'): void {
    this.#queue.push({ end, due: this.#due() });
    this.#step();
  }

  /** Loses everything from now on, the end too. The sender is not read, so that its buffers fill as in an outage. */
  hold(): void {
    this.#isHeld = true;
    this.from.pause();
  }

  /** What was held is passed on. */
  release(): void {
    this.#isHeld = false;
    if (this.#queued <= MARK) this.from.resume();
    this.#step();
  }

  #due(): number {
    const { latency = 0, jitter = 0 } = this.weather();
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
    const { bytesPerSecond = 0, slice = 0 } = this.weather();
    const portion = bytesPerSecond > 0 ? Math.max(1, Math.floor(bytesPerSecond / PORTIONS)) : Infinity;
    const size = Math.min(item.bytes.length, portion, slice > 0 ? slice : Infinity);
    this.to.write(item.bytes.subarray(0, size));
    this.#queued -= size;
    item.bytes = item.bytes.subarray(size);
    if (item.bytes.length === 0) this.#queue.shift();
    if (!this.#isHeld && this.#queued <= MARK) this.from.resume();
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
