import type { ClientEnvironment, Timer } from '../core/environment.js';
import type { Emit, HostEvent } from '../session/client-event.js';

const CHECK_INTERVAL_MS = 1_000;
/** The wall clock goes on while the machine sleeps, and the monotonic clock of many hosts does not. */
const MIN_SLEEP_MS = 2_000;
/** A timer this late shows that the machine or the page stood still for a moment. */
const LATE_MS = 1_000;
/** Browsers run the timers of a hidden page at least once a minute. A longer pause shows that the page was frozen. */
const MIN_FREEZE_MS = 90_000;

/** Watches the page, the network and, every second, the clocks, to notice that the machine or the page stood still. */
export class HostMonitor {
  private timer: Timer | undefined;
  private removeListeners: (() => void) | undefined;
  private wallTime = 0;
  private monotonicTime = 0;

  constructor(
    private readonly environment: ClientEnvironment,
    private readonly emit: Emit<HostEvent>,
  ) {}

  start(): void {
    this.removeListeners ??= this.listen();
    this.startTimer();
  }

  /** Stops comparing the clocks. The listeners stay, to notice the end of a pause. */
  pause(): void {
    this.timer?.cancel();
  }

  stop(): void {
    this.pause();
    this.removeListeners?.();
    this.removeListeners = undefined;
  }

  /** Compares the clocks with those of the last check. */
  check(): void {
    const elapsed = this.environment.monotonic() - this.monotonicTime;
    const slept = this.environment.now() - this.wallTime - elapsed;
    this.startTimer();
    if (slept > MIN_SLEEP_MS || elapsed > MIN_FREEZE_MS) this.emit({ type: 'host-suspended' });
    else if (elapsed > CHECK_INTERVAL_MS + LATE_MS) this.emit({ type: 'host-late' });
  }

  private startTimer(): void {
    this.timer?.cancel();
    this.wallTime = this.environment.now();
    this.monotonicTime = this.environment.monotonic();
    this.timer = this.environment.setTimer(() => this.check(), CHECK_INTERVAL_MS);
  }

  private listen(): () => void {
    const removers = [
      this.environment.onWake((cause) => this.emit({ type: 'host-woke', cause })),
      this.environment.onPause((isPaused) => this.emit({ type: isPaused ? 'page-hidden' : 'page-shown' })),
    ];
    return () => removers.forEach((remove) => remove());
  }
}
