import type { TestEnvironment, Timer } from '../time/environment.js';
import type { LinkConditions } from './link-conditions.js';

/** Something on its way: bytes that can be told apart, or a message, which arrives with its last byte. */
export interface Parcel {
  /** Bytes. 0 for what only marks a place in the stream: its beginning, its end. */
  readonly size: number;
  /** The bytes from `from` up to `to` arrive, in order and each once. A parcel of size 0 gets one call. */
  deliver(from: number, to: number): void;
}

/** What a link needs of an environment; a `VirtualEnvironment` has it. */
export type LinkEnvironment = Pick<TestEnvironment, 'monotonic' | 'setTimer' | 'random'> & {
  readonly stir?: () => void;
};

interface Segment {
  readonly parcel: Parcel;
  readonly from: number;
  readonly to: number;
  readonly due: number;
}

/** Bytes a throttled link carries at once: what fits into a packet of Ethernet. */
const PACKET = 1_460;

/** One direction of a connection: everything arrives in order, when the conditions let it. */
export class Link {
  /** Told when something was delivered and less waits than before. */
  onDelivered: () => void = () => undefined;
  /** Bytes sent and not delivered. */
  buffered = 0;
  /** Bytes delivered since the beginning. */
  carried = 0;

  private queue: Segment[] = [];
  private lastDeparture = 0;
  private lastArrival = 0;
  private holds = 0;
  private isCut = false;
  private isPlanned = false;
  private timer: Timer | undefined;
  private limit: { readonly at: number; readonly reached: () => void } | undefined;

  constructor(
    private readonly environment: LinkEnvironment,
    /** Asked at each parcel, so that they may change. */
    private readonly conditions: () => LinkConditions,
    private readonly onCarried: (bytes: number) => void = () => undefined,
  ) {}

  send(parcel: Parcel): void {
    if (this.isCut) return;
    const { slice, bytesPerSecond, latency, jitter } = this.conditions();
    const longest = slice > 0 ? slice : bytesPerSecond > 0 ? PACKET : Infinity;
    const delay = jitter > 0 ? latency + this.environment.random() * jitter : latency;
    this.buffered += parcel.size;
    let from = 0;
    do {
      const to = Math.min(parcel.size, from + longest);
      this.queue.push({ parcel, from, to, due: this.arrival(to - from, bytesPerSecond, delay) });
      from = to;
    } while (from < parcel.size);
    this.plan();
  }

  /** Nothing arrives, and nobody is told. Holds add up: as many releases end them. */
  hold(): void {
    this.holds += 1;
  }

  /** What was held back arrives, as it does when TCP sends it again. */
  release(): void {
    this.holds = Math.max(0, this.holds - 1);
    this.plan();
  }

  /** What is on the way is lost, and so is what is sent from now on. */
  cut(): void {
    this.isCut = true;
    this.timer?.cancel();
    this.queue = [];
    this.buffered = 0;
  }

  /** After so many more bytes `reached` is called, once, in the middle of a parcel if need be. */
  limitTo(bytes: number, reached: () => void): void {
    this.limit = { at: this.carried + bytes, reached };
  }

  /** There is no limit any more, and what is on its way arrives now. */
  expedite(): void {
    this.limit = undefined;
    const now = this.environment.monotonic();
    this.lastDeparture = now;
    this.lastArrival = now;
    this.queue = this.queue.map((segment) => ({ ...segment, due: Math.min(segment.due, now) }));
    this.timer?.cancel();
    this.isPlanned &&= this.timer === undefined;
    this.timer = undefined;
    this.plan();
  }

  private arrival(bytes: number, bytesPerSecond: number, delay: number): number {
    const now = this.environment.monotonic();
    const taken = bytesPerSecond > 0 ? (bytes * 1_000) / bytesPerSecond : 0;
    this.lastDeparture = Math.max(now, this.lastDeparture) + taken;
    this.lastArrival = Math.max(this.lastArrival, this.lastDeparture + delay);
    return this.lastArrival;
  }

  /** One segment at a time, so that what it sets off happens before the next arrives. */
  private plan(): void {
    const [next] = this.queue;
    if (next === undefined || this.isPlanned || this.holds > 0) return;
    this.isPlanned = true;
    const wait = next.due - this.environment.monotonic();
    const arrive = (): void => {
      this.isPlanned = false;
      this.timer = undefined;
      this.arrive();
      this.plan();
    };
    if (wait > 0) this.timer = this.environment.setTimer(arrive, wait);
    else queueMicrotask(arrive);
  }

  private arrive(): void {
    const segment = this.holds > 0 ? undefined : this.queue.shift();
    if (segment === undefined) return;
    this.environment.stir?.();
    const { parcel, from, to } = segment;
    const room = this.limit === undefined ? Infinity : this.limit.at - this.carried;
    const end = Math.min(to, from + room);
    if (to === from || end > from) this.take(parcel, from, end);
    if (to - from < room || this.limit === undefined) return;
    const { reached } = this.limit;
    this.limit = undefined;
    reached();
  }

  private take(parcel: Parcel, from: number, to: number): void {
    this.carried += to - from;
    this.onCarried(to - from);
    this.buffered -= to - from;
    parcel.deliver(from, to);
    this.onDelivered();
  }
}
