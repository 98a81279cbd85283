import { AsyncResource } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

import { Observable } from 'rxjs';

import { RealtimeError } from './errors.js';

/** Everything impure that the server uses. Tests replace it to run on virtual time. */
export interface Environment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back. For deadlines and rates. */
  monotonic(): number;
  /** Calls `callback` after `delay` milliseconds, unless the timer is cancelled. */
  setTimer(callback: () => void, delay: number): Timer;
  /** Runs `callback` at the end of the current turn of the event loop, when the frames of a tick are written. */
  defer(callback: () => void): void;
  /** A uniform random number in [0, 1). */
  random(): number;
  /** A new random id of `[A-Za-z0-9_-]` with at least 128 random bits. */
  id(): string;
}

/** A timer that has not fired yet. */
export interface Timer {
  /** Stops the timer. Does nothing after it has fired. */
  cancel(): void;
}

/** Created with the module, before the first caller, so it holds the context of none. */
const noCaller = new AsyncResource('STATEWIRE');

/**
 * Runs `work` outside the `AsyncLocalStorage` contexts of the caller that happens to be the first. Code that serves all
 * callers must not see the user or the tenant of one of them. A context that `work` enters ends with it.
 */
export function outsideCallers<T>(work: () => T): T {
  // `enterWith` changes the current resource in Node 20, so each run has its own.
  return noCaller.runInAsyncScope(() => new AsyncResource('STATEWIRE').runInAsyncScope(work));
}

/** 128 random bits, which are 22 characters of base64url. */
const ID_BYTES = 16;

/**
 * The real clock, timers and randomness. Timers do not keep the process alive; sockets and servers do. Callbacks run
 * outside the contexts of callers.
 */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delay) {
    // Node warns of negative delays, for example of a deadline that has passed.
    const timer = outsideCallers(() => setTimeout(callback, Math.max(0, delay)).unref());
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (callback) => {
    outsideCallers(() => setImmediate(callback));
  },
  random: () => Math.random(),
  id: () => randomBytes(ID_BYTES).toString('base64url'),
};

/** Largest delay of a timer in Node. A longer one fires at once. */
export const MAX_TIMER_DELAY_MS = 2_147_483_647;

/**
 * Runs `work`, and keeps the process alive until it settles. Timers of the environment do not, so a process without a
 * server would end before.
 */
export async function keepAlive<T>(work: () => T | Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, MAX_TIMER_DELAY_MS);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
}

/** Emits once after `milliseconds`; at once for 0 and less. */
export function after(environment: Pick<Environment, 'setTimer'>, milliseconds: number): Observable<void> {
  return new Observable((subscriber) => {
    const end = (): void => {
      subscriber.next();
      subscriber.complete();
    };
    if (milliseconds <= 0) return end();
    const timer = environment.setTimer(end, milliseconds);
    return () => timer.cancel();
  });
}

/**
 * Bounds the time of application code or a broker that may never settle.
 *
 * @param milliseconds 0: no limit.
 * @throws RealtimeError `timeout`
 */
export function withDeadline<T>(
  environment: Pick<Environment, 'setTimer'>,
  milliseconds: number,
  work: Promise<T>,
): Promise<T> {
  if (milliseconds === 0) return work;
  return new Promise((resolve, reject) => {
    const timer = environment.setTimer(() => {
      reject(new RealtimeError('timeout', `No answer came within ${milliseconds} ms.`));
    }, milliseconds);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
