import { randomBytes } from 'node:crypto';

/** Everything impure the server uses, so that whole conversations can run on virtual time. */
export interface Environment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back; for deadlines and rates. */
  monotonic(): number;
  setTimer(callback: () => void, delay: number): Timer;
  /** Runs at the end of the current turn of the event loop: where a tick's frames are written. */
  defer(callback: () => void): void;
  /** Uniform in [0, 1). */
  random(): number;
  /** A fresh unguessable id of `[A-Za-z0-9_-]`, ≥ 128 random bits. */
  id(): string;
}

export interface Timer {
  cancel(): void;
}

/** 128 random bits: twenty-two characters of base64url. */
const ID_BYTES = 16;

/** The real clock, timers and randomness. Timers never keep the process alive: sockets and servers do. */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delay) {
    const timer = setTimeout(callback, delay).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (callback) => {
    setImmediate(callback);
  },
  random: () => Math.random(),
  id: () => randomBytes(ID_BYTES).toString('base64url'),
};
