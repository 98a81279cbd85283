import { randomBytes } from 'node:crypto';

import type { Environment } from './environment.js';

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
