import { CLOSE_CODES } from '@statewire/protocol';

import type { RealtimeLimits } from '../core/options.js';
import type { Closing } from './closing.js';

/** How far a connection has come. */
export type Phase = 'greeting' | 'admitting' | 'open' | 'closed';

/** @returns how a connection ends that has spent too much of its time on getting in. */
export function overdue(
  phase: Phase,
  spent: number,
  { helloTimeout, authenticationTimeout }: Pick<RealtimeLimits, 'helloTimeout' | 'authenticationTimeout'>,
): Closing | undefined {
  if (phase === 'greeting' && helloTimeout > 0 && spent >= helloTimeout) return CLOSE_CODES.helloTimeout;
  if (phase !== 'admitting' || authenticationTimeout === 0 || spent < authenticationTimeout) return undefined;
  return CLOSE_CODES.overloaded;
}
