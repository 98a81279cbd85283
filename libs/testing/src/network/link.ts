import type { TestEnvironment, Timer } from '../time/environment.js';
import type { LinkConditions } from './link-conditions.js';

/** Bytes or a message under way. A message arrives with its last byte. */
export interface Transmission {
  /** Number of bytes. 0: a mark in the stream, such as its end. */
  readonly size: number;
  /** Receives the bytes from `from` up to `to`, in order and each once. A transmission of size 0 gets one call. */
  deliver(from: number, to: number): void;
}

/** The part of a `VirtualEnvironment` that a link uses. */
export type LinkEnvironment = Pick<TestEnvironment, 'monotonic' | 'setTimer' | 'random' | 'queueMicrotask'> & {
  /** Called when bytes arrive. */
  readonly stir?: () => void;
};

interface Segment {
  readonly transmission: Transmission;
  readonly from: number;
  readonly to: number;
  readonly due: number;
}

/** Bytes that a link with limited bandwidth carries at once: the payload of one Ethernet packet. */
const PACKET_BYTES = 1_460;

/** One direction of a connection. Transmissions arrive in order, at the time that the conditions give. */
export class Link {
  /** Called after each delivery, when fewer bytes wait than before. */
  onDelivered: () => void = () => undefined;
  /** Bytes that were sent and not yet delivered. */
  buffered = 0;
  /** Bytes that were delivered so far. */
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
    /** Called for each transmission, because conditions change. */
    private readonly conditions: () => LinkConditions,
    private readonly onCarried: (bytes: number) => void = () => undefined,
  ) {}

  /** Sends a transmission after those that were sent before. Does nothing after {@link cut}. */
  send(transmission: Transmission): void {
    if (this.isCut) return;
    const { slice, bytesPerSecond, latency, jitter } = this.conditions();
    const longest = slice > 0 ? slice : bytesPerSecond > 0 ? PACKET_BYTES : Infinity;
    const delay = jitter > 0 ? latency + this.environment.random() * jitter : latency;
    this.buffered += transmission.size;
    let from = 0;
    do {
      const to = Math.min(transmission.size, from + longest);
      this.queue.push({ transmission, from, to, due: this.arrival(to - from, bytesPerSecond, delay) });
      from = to;
    } while (from < transmission.size);
    this.plan();
  }

  /** Holds everything back. Each hold needs its own {@link release}. */
  hold(): void {
    this.holds += 1;
  }

  /** Delivers what was held back, as TCP does when it retransmits. */
  release(): void {
    this.holds = Math.max(0, this.holds - 1);
    this.plan();
  }

  /** Loses what is under way and everything that is sent later. */
  cut(): void {
    this.isCut = true;
    this.timer?.cancel();
    this.queue = [];
    this.buffered = 0;
  }

  /** Calls `reached` once after this many more bytes, even in the middle of a transmission. */
  limitTo(bytes: number, reached: () => void): void {
    this.limit = { at: this.carried + bytes, reached };
  }

  /** Removes the limit and delivers what is under way now. */
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

  /** Delivers one segment at a time, so that its effects happen before the next one arrives. */
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
    else (this.environment.queueMicrotask ?? queueMicrotask)(arrive);
  }

  private arrive(): void {
    const segment = this.holds > 0 ? undefined : this.queue.shift();
    if (segment === undefined) return;
    this.environment.stir?.();
    const { transmission, from, to } = segment;
    const room = this.limit === undefined ? Infinity : this.limit.at - this.carried;
    const end = Math.min(to, from + room);
    if (to === from || end > from) this.take(transmission, from, end);
    if (to - from < room || this.limit === undefined) return;
    const { reached } = this.limit;
    this.limit = undefined;
    reached();
  }

  private take(transmission: Transmission, from: number, to: number): void {
    this.carried += to - from;
    this.onCarried(to - from);
    this.buffered -= to - from;
    transmission.deliver(from, to);
    this.onDelivered();
  }
}
