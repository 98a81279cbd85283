import type { ResolvedRealtimeOptions } from '../core/options.js';

/** What the heartbeat asks for at a moment. */
export type HeartbeatVerdict = 'alive' | 'ping' | 'lost';

/**
 * Judges one connection by what arrives: any byte of the peer counts, and silence of `interval + timeout` is its end.
 */
export class Heartbeat {
  private heardAt: number;
  private sentAt: number;
  private pingedAt: number;
  private checkedAt: number;
  private writtenBytes = 0;

  constructor(
    private readonly periods: ResolvedRealtimeOptions['heartbeat'],
    private readonly clock: { readonly now: number },
  ) {
    this.heardAt = this.sentAt = this.pingedAt = this.checkedAt = clock.now;
  }

  /** Milliseconds since anything arrived. */
  get silence(): number {
    return this.clock.now - this.heardAt;
  }

  heard(): void {
    this.heardAt = this.clock.now;
  }

  /**
   * Called at each beat of the clock.
   *
   * @param writtenBytes bytes that were written to the connection since it began.
   */
  check(writtenBytes: number): HeartbeatVerdict {
    const { now } = this.clock;
    // The clock stands still between two beats: everything since the last one was sent at its time.
    if (writtenBytes !== this.writtenBytes) this.sentAt = this.checkedAt;
    this.writtenBytes = writtenBytes;
    this.checkedAt = now;
    const { intervalMs, timeoutMs } = this.periods;
    if (now - this.heardAt >= intervalMs + timeoutMs) return 'lost';
    // Sending alone proves nothing: a stream of patches into a black hole never hears the client.
    if (now - Math.min(this.sentAt, this.heardAt) < intervalMs || now - this.pingedAt < intervalMs) return 'alive';
    this.pingedAt = now;
    return 'ping';
  }
}
