import { randomBytes } from 'node:crypto';

import type { Environment as RealtimeEnvironment } from '@statewire/nest';

/** Clock, timers, random numbers and ids of the whole server, in the form of the realtime module. */
export type Environment = Pick<RealtimeEnvironment, 'now' | 'monotonic' | 'setTimer' | 'random' | 'id'>;

/** 128 random bits, which are 22 characters of base64url. */
const ID_BYTES = 16;

export const ENVIRONMENT = Symbol('arena:environment');

/** The real clock, timers and random numbers. Timers do not keep the process alive. */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delay) {
    const timer = setTimeout(callback, delay).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  random: () => Math.random(),
  id: () => randomBytes(ID_BYTES).toString('base64url'),
};
