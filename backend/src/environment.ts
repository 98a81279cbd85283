import type { Environment as RealtimeEnvironment } from '@statewire/nest';

/** Clock, timers, randomness and ids, as the realtime module defines them: the whole server runs on one of them. */
export type Environment = Pick<RealtimeEnvironment, 'now' | 'monotonic' | 'setTimer' | 'random' | 'id'>;

export const ENVIRONMENT = Symbol('arena:environment');
