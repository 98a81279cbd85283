import type { Environment, Timer } from '../core/environment.js';
import { UsualGaps } from './usual-gaps.js';

/** A `ping` without any frame for so long makes a socket suspect. */
const ANSWER_WITHIN = 300;
/** An action, a subscribe or an authenticate without any answer for so long is worth a `ping`. */
const ASKED_WITHIN = 500;
/** A timer that is so late was frozen with the tab or the machine, and so was everything else: it proves nothing. */
const FROZEN = 1_000;

export interface LivenessListener {
  ping(): void;
  /** Whether anything that was asked is unanswered. */
  isWaiting(): boolean;
  /** Silent after a `ping`: somebody else should vouch for the state, the socket stays open. */
  suspect(): void;
  /** It speaks again. */
  recovered(): void;
  /** Silent for the whole `timeout` after a `ping`. */
  dead(): void;
}

/**
 * Whether a socket that was welcomed still lives, judged by what arrives and never by timers alone: tabs in the
 * background run them once a minute, and a machine that slept runs them all at once.
 */
export class Liveness {
  private readonly gaps = new UsualGaps();
  private readonly timers: Partial<Record<'idle' | 'answer' | 'asked' | 'gap', Timer>> = {};
  private gapDue = Infinity;
  private askedDue = Infinity;
  private lastHeard: number;
  private pingedAt: number | undefined;
  private suspected = false;
  private isExcused = false;
  private roundTripTime = 0;

  constructor(
    private readonly environment: Environment,
    private readonly heartbeat: { readonly interval: number; readonly timeout: number },
    private readonly listener: LivenessListener,
  ) {
    this.lastHeard = environment.monotonic();
    this.probe();
  }

  get isSuspect(): boolean {
    return this.suspected;
  }

  /** Anything arrived. */
  heard(): void {
    this.lastHeard = this.environment.monotonic();
    this.isExcused = false;
    if (this.pingedAt !== undefined) {
      this.pingedAt = undefined;
      this.timers.answer?.cancel();
    }
    if (!this.suspected) return;
    this.suspected = false;
    this.listener.recovered();
  }

  /** A `pong` came back after `roundTripTime` ms. */
  measured(roundTripTime: number): void {
    this.roundTripTime = roundTripTime;
  }

  topicHeard(topic: string): void {
    const due = this.gaps.heard(topic, this.lastHeard);
    if (due !== undefined && due < this.gapDue) this.watchGaps(due);
  }

  topicLeft(topic: string): void {
    this.gaps.forget(topic);
  }

  /** Something was sent that the server answers. */
  asked(): void {
    const now = this.environment.monotonic();
    if (now + ASKED_WITHIN < this.askedDue) this.expectAnswer(ASKED_WITHIN, now);
  }

  /** Sends a `ping` and expects a frame soon. */
  probe(): void {
    if (this.suspected || this.pingedAt !== undefined) return;
    this.pingedAt = this.environment.monotonic();
    this.listener.ping();
    const { interval } = this.heartbeat;
    if (interval > 0) this.set('idle', interval, () => this.probe());
    // On a slow path an answer takes its time; twice what it took before is the least that can be expected.
    const patience = Math.max(ANSWER_WITHIN, 2 * this.roundTripTime);
    this.set('answer', patience, (late) => {
      if (this.excuse(late)) return this.probeAgain();
      this.suspected = true;
      this.awaitDeath(patience);
      this.listener.suspect();
    });
  }

  stop(): void {
    for (const timer of Object.values(this.timers)) timer.cancel();
  }

  /** Once between two frames: a tab whose timers are late every time must still notice a dead socket. */
  private excuse(late: boolean): boolean {
    if (!late || this.isExcused) return false;
    this.isExcused = true;
    return true;
  }

  /** The first judgement was void: what may have arrived meanwhile is still to be delivered. */
  private probeAgain(): void {
    this.pingedAt = undefined;
    this.probe();
  }

  private awaitDeath(waited: number): void {
    const { timeout } = this.heartbeat;
    if (timeout === 0) return;
    this.set('answer', Math.max(0, timeout - waited), (late) => {
      if (!this.excuse(late)) return this.listener.dead();
      this.listener.ping();
      this.awaitDeath(0);
    });
  }

  /** Asks once nothing came for `patience` ms; more rarely each time, as the server may be there and at work. */
  private expectAnswer(patience: number, since: number): void {
    this.askedDue = since + patience;
    this.set('asked', Math.max(0, this.askedDue - this.environment.monotonic()), () => {
      this.askedDue = Infinity;
      if (!this.listener.isWaiting()) return;
      const silentSince = Math.max(this.lastHeard, since);
      const fired = this.environment.monotonic();
      if (fired < silentSince + patience) return this.expectAnswer(patience, silentSince);
      this.probe();
      this.expectAnswer(2 * patience, fired);
    });
  }

  private watchGaps(due: number): void {
    this.gapDue = due;
    this.set('gap', Math.max(0, due - this.environment.monotonic()), () => {
      this.gapDue = Infinity;
      const fired = this.environment.monotonic();
      if (fired >= this.silenceDue) {
        this.gaps.notice(fired);
        this.probe();
      }
      const { silenceDue } = this;
      if (silenceDue < Infinity) this.watchGaps(silenceDue);
    });
  }

  /** When a topic will have been silent for too long, and everything else for long enough to doubt the socket. */
  private get silenceDue(): number {
    return Math.max(this.gaps.due ?? Infinity, this.lastHeard + ANSWER_WITHIN);
  }

  private set(name: keyof Liveness['timers'], delay: number, callback: (late: boolean) => void): void {
    this.timers[name]?.cancel();
    const due = this.environment.monotonic() + delay;
    this.timers[name] = this.environment.setTimer(() => callback(this.environment.monotonic() - due > FROZEN), delay);
  }
}
