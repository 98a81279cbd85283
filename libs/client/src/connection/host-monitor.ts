import type { ClientEnvironment, Timer } from '../core/environment.js';
import type { HostChange } from '../session/client-event.js';

const CHECK_INTERVAL_MS = 1_000;
/** The wall clock goes on while the machine sleeps, and the monotonic clock of many hosts does not. */
const MIN_SLEEP_MS = 2_000;
/** A timer this late shows that the machine or the page stood still for a moment. */
const LATE_MS = 1_000;
/** Browsers run the timers of a hidden page at least once a minute. A longer pause shows that the page was frozen. */
const MIN_FREEZE_MS = 90_000;

/** Watches the page, the network and, every second, the clocks, to notice that the machine or the page stood still. */
export class HostMonitor {
  readonly #environment: ClientEnvironment;
  readonly #emit: (change: HostChange) => void;

  #timer: Timer | undefined;
  #removers: (() => void)[] = [];
  #wallTime = 0;
  #monotonicTime = 0;

  constructor(environment: ClientEnvironment, emit: (change: HostChange) => void) {
    this.#environment = environment;
    this.#emit = emit;
  }

  start(): void {
    const environment = this.#environment;
    const emit = this.#emit;
    if (this.#removers.length === 0) {
      this.#removers = [
        environment.onWake(emit),
        environment.onPause((isPaused) => emit(isPaused ? 'hidden' : 'shown')),
      ];
    }
    this.#startTimer();
  }

  /** Stops comparing the clocks. The listeners stay, to notice the end of a pause. */
  pause(): void {
    this.#timer?.cancel();
  }

  stop(): void {
    this.pause();
    for (const remove of this.#removers.splice(0)) remove();
  }

  /** Compares the clocks with those of the last check. */
  check(): void {
    const environment = this.#environment;
    const emit = this.#emit;
    const elapsed = environment.monotonic() - this.#monotonicTime;
    const slept = environment.now() - this.#wallTime - elapsed;
    this.#startTimer();
    if (slept > MIN_SLEEP_MS || elapsed > MIN_FREEZE_MS) emit('suspended');
    else if (elapsed > CHECK_INTERVAL_MS + LATE_MS) emit('late');
  }

  #startTimer(): void {
    const environment = this.#environment;
    this.pause();
    this.#wallTime = environment.now();
    this.#monotonicTime = environment.monotonic();
    this.#timer = environment.setTimer(() => this.check(), CHECK_INTERVAL_MS);
  }
}
