import type { ClientEnvironment, Timer } from '../core/environment.js';
import type { StatusReason } from '../core/status.js';
import type { Emit, LivenessEvent } from '../session/client-event.js';
import { CadenceTracker } from './cadence-tracker.js';

/** A `ping` without any frame for this long makes the connection suspect. */
const PING_TIMEOUT_MS = 300;
/** A request without any frame for this long makes the probe send a `ping`. */
const ANSWER_TIMEOUT_MS = 500;
/** The page is busy during the first `ping`, so a second one measures the round trip soon after it. */
const SECOND_PING_MS = 1_500;
/** Time between two pings while something observes the status, which has the round trip time. */
const OBSERVED_PING_MS = 10_000;
/** A timer this late was frozen together with the tab or the machine, and with its network. It does not show a loss. */
const FROZEN_TIMER_MS = 1_000;

const SILENT: StatusReason = { code: 'silent', message: 'the server does not answer' };
export const SUSPENDED: StatusReason = {
  code: 'suspended',
  message: 'the machine slept, or the browser paused the page',
};

type TimerName = 'idle' | 'ping' | 'answer' | 'cadence';

/**
 * Detects a dead connection after `welcome`. It relies on the frames that arrive and never on timers alone: background
 * tabs run timers once a minute, and a machine that wakes up runs all due timers at once.
 */
export class LivenessProbe {
  readonly #environment: ClientEnvironment;
  readonly #heartbeat: { readonly interval: number; readonly timeout: number };
  readonly #isAwaitingAnswer: () => boolean;
  readonly #isStatusObserved: () => boolean;
  readonly #emit: Emit<LivenessEvent>;

  readonly #cadences = new CadenceTracker();
  readonly #timers: Partial<Record<TimerName, Timer>> = {};
  #cadenceDue = Infinity;
  #answerDue = Infinity;
  #lastFrameAt: number;
  #pingedAt: number | undefined;
  #suspected = false;
  /** On the monotonic clock. Only the answer to a later `ping` ends the suspicion. */
  #doubtedAt: number | undefined;
  #hasIgnoredLateTimer = false;
  #roundTripTimeMs = 0;
  #hasPinged = false;

  constructor(
    environment: ClientEnvironment,
    heartbeat: { readonly interval: number; readonly timeout: number },
    isAwaitingAnswer: () => boolean,
    isStatusObserved: () => boolean,
    emit: Emit<LivenessEvent>,
  ) {
    this.#environment = environment;
    this.#heartbeat = heartbeat;
    this.#isAwaitingAnswer = isAwaitingAnswer;
    this.#isStatusObserved = isStatusObserved;
    this.#emit = emit;
    this.#lastFrameAt = environment.monotonic();
    this.probe();
  }

  get isSuspect(): boolean {
    return this.#suspected;
  }

  /** Records the arrival of a frame. */
  handleFrame(): void {
    this.#lastFrameAt = this.#environment.monotonic();
    this.#hasIgnoredLateTimer = false;
    if (this.#doubtedAt !== undefined) return;
    if (this.#pingedAt !== undefined) {
      this.#pingedAt = undefined;
      this.#timers.ping?.cancel();
    }
    if (!this.#suspected) return;
    this.#suspected = false;
    this.#emit({ type: 'recovered' });
  }

  /** Records the `pong` of a `ping` that the client sent at `time`. */
  handlePong(time: number): void {
    this.#roundTripTimeMs = this.#environment.monotonic() - time;
    if (this.#doubtedAt === undefined || time < this.#doubtedAt) return;
    this.#doubtedAt = undefined;
    this.handleFrame();
  }

  /** Suspects the connection until the server answers a new `ping`. Frames from before may still arrive. */
  doubt(): void {
    this.#pingedAt = this.#doubtedAt = this.#environment.monotonic();
    this.#emit({ type: 'ping-due' });
    this.#awaitTimeout(0);
    this.#suspect(SUSPENDED);
  }

  /** Records that the current frame is a publication of a topic. */
  handlePublication(topic: string): void {
    const due = this.#cadences.record(topic, this.#lastFrameAt);
    if (due !== undefined && due < this.#cadenceDue) this.#awaitPublication(due);
  }

  /** Expects no more publications of a topic. */
  forgetTopic(topic: string): void {
    this.#cadences.forget(topic);
  }

  /** Records that the client sent a frame that needs an answer. */
  handleRequest(): void {
    const now = this.#environment.monotonic();
    if (now + ANSWER_TIMEOUT_MS < this.#answerDue) this.#awaitAnswer(ANSWER_TIMEOUT_MS, now);
  }

  /** Sends a `ping` and expects a frame soon. Sends none while the connection is suspect, or a `ping` is unanswered. */
  probe(): void {
    const { interval } = this.#heartbeat;
    const wanted = this.#hasPinged ? (this.#isStatusObserved() ? OBSERVED_PING_MS : interval) : SECOND_PING_MS;
    this.#hasPinged = true;
    // Also without a `ping` now: the server may answer later, and the connection needs the next one then.
    if (interval > 0) this.#setTimer('idle', Math.min(interval, wanted), () => this.probe());
    if (this.#suspected || this.#pingedAt !== undefined) return;
    this.#pingedAt = this.#environment.monotonic();
    this.#emit({ type: 'ping-due' });
    // A slow network needs more time: at least twice the last round trip.
    const wait = Math.max(PING_TIMEOUT_MS, 2 * this.#roundTripTimeMs);
    this.#setTimer('ping', wait, (isLate) => {
      if (this.#ignoreLateTimer(isLate)) return this.#probeAgain();
      this.#awaitTimeout(wait);
      this.#suspect(SILENT);
    });
  }

  stop(): void {
    for (const timer of Object.values(this.#timers)) timer.cancel();
  }

  #suspect(reason: StatusReason): void {
    if (this.#suspected) return;
    this.#suspected = true;
    this.#emit({ type: 'suspected', reason });
  }

  /** Excuses one late timer between two frames, so that a tab with late timers still notices a dead connection. */
  #ignoreLateTimer(isLate: boolean): boolean {
    if (!isLate || this.#hasIgnoredLateTimer) return false;
    this.#hasIgnoredLateTimer = true;
    return true;
  }

  /** Probes again after a late timer, because the host may have received frames that it has not delivered yet. */
  #probeAgain(): void {
    this.#pingedAt = undefined;
    this.probe();
  }

  #awaitTimeout(waited: number): void {
    const { timeout } = this.#heartbeat;
    if (timeout === 0) return;
    this.#setTimer('ping', Math.max(0, timeout - waited), (isLate) => {
      if (!this.#ignoreLateTimer(isLate)) return this.#emit({ type: 'timed-out' });
      this.#emit({ type: 'ping-due' });
      this.#awaitTimeout(0);
    });
  }

  /** Probes after `wait` ms without a frame, then at growing intervals, because a busy server answers late. */
  #awaitAnswer(wait: number, since: number): void {
    this.#answerDue = since + wait;
    this.#setTimer('answer', Math.max(0, this.#answerDue - this.#environment.monotonic()), () => {
      this.#answerDue = Infinity;
      if (!this.#isAwaitingAnswer()) return;
      const silentSince = Math.max(this.#lastFrameAt, since);
      const now = this.#environment.monotonic();
      if (now < silentSince + wait) return this.#awaitAnswer(wait, silentSince);
      this.probe();
      this.#awaitAnswer(2 * wait, now);
    });
  }

  #awaitPublication(due: number): void {
    this.#cadenceDue = due;
    this.#setTimer('cadence', Math.max(0, due - this.#environment.monotonic()), () => {
      this.#cadenceDue = Infinity;
      const now = this.#environment.monotonic();
      if (now >= this.#silenceDue) {
        this.#cadences.noticeSilences(now);
        this.probe();
      }
      const silenceDue = this.#silenceDue;
      if (silenceDue < Infinity) this.#awaitPublication(silenceDue);
    });
  }

  /** When a topic has been silent for too long, and the whole connection for long enough to doubt it. */
  get #silenceDue(): number {
    return Math.max(this.#cadences.due ?? Infinity, this.#lastFrameAt + PING_TIMEOUT_MS);
  }

  #setTimer(name: TimerName, delay: number, callback: (isLate: boolean) => void): void {
    this.#timers[name]?.cancel();
    const due = this.#environment.monotonic() + delay;
    this.#timers[name] = this.#environment.setTimer(
      () => callback(this.#environment.monotonic() - due > FROZEN_TIMER_MS),
      delay,
    );
  }
}
