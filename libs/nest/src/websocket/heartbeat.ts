import type { PingFrame, ServerFrame } from '@statewire/protocol';

import type { Environment, Timer } from '../core/environment.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { encodeFrame, type EncodedFrame } from '../delivery/frame-encoder.js';

export const PING = encodeFrame({ type: 'ping' });
const PONG = encodeFrame({ type: 'pong' });

/** @returns the answer to a `ping`. Echoes the time of the ping, if it has one. */
export function pongTo({ time }: PingFrame): ServerFrame | EncodedFrame {
  return time === undefined ? PONG : { type: 'pong', time };
}

/** The next step of the heartbeat of a connection. */
export type HeartbeatVerdict = 'alive' | 'ping' | 'lost';

/**
 * Decides when to ping a client, and when it is lost: after a silence of `intervalMs + timeoutMs`. Any byte ends a
 * silence.
 */
export class Heartbeat {
  private sentAt: number;
  private pingedAt: number;
  private checkedAt: number;
  private writtenBytes = 0;

  constructor(
    private readonly periods: ResolvedRealtimeOptions['heartbeat'],
    private readonly clock: { readonly now: number },
  ) {
    this.sentAt = this.pingedAt = this.checkedAt = clock.now;
  }

  /**
   * Call it at each beat of the clock.
   *
   * @param heardAt time of the last byte of the client.
   * @param writtenBytes bytes written to the connection since it began.
   */
  check(heardAt: number, writtenBytes: number): HeartbeatVerdict {
    const { now } = this.clock;
    // The clock stands still between two beats. Everything since the last beat was sent at the time of that beat.
    if (writtenBytes !== this.writtenBytes) this.sentAt = this.checkedAt;
    this.writtenBytes = writtenBytes;
    this.checkedAt = now;
    const { intervalMs, timeoutMs } = this.periods;
    if (now - heardAt >= intervalMs + timeoutMs) return 'lost';
    // Sending alone proves nothing: the server may send patches into a dead network without an answer.
    if (now - Math.min(this.sentAt, heardAt) < intervalMs || now - this.pingedAt < intervalMs) return 'alive';
    this.pingedAt = now;
    return 'ping';
  }
}

/** The most that one beat may add to the clock, in periods. The rest was a stall of this process and no silence. */
const MAX_BEAT_PERIODS = 2;

/**
 * The coarse clock of all connections, and the timer for their deadlines and heartbeats.
 *
 * The clock stands still while the event loop does. After a stall of 3 s no client was silent for 3 s: the server has
 * only not read its frames yet.
 */
export class Pulse {
  /** Milliseconds since the pulse was made. Grows by about one period at a time. */
  now = 0;
  private timer: Timer | undefined;
  private beatenAt = 0;

  /** @param period milliseconds between two beats. */
  constructor(
    private readonly environment: Environment,
    readonly period: number,
    private readonly beat: (now: number) => void,
  ) {}

  start(): void {
    if (this.timer !== undefined) return;
    this.beatenAt = this.environment.monotonic();
    this.schedule();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private schedule(): void {
    this.timer = this.environment.setTimer(() => {
      const time = this.environment.monotonic();
      this.now += Math.min(time - this.beatenAt, this.period * MAX_BEAT_PERIODS);
      this.beatenAt = time;
      this.schedule();
      this.beat(this.now);
    }, this.period);
  }
}
