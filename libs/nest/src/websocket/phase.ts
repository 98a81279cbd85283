import { CLOSE_CODES } from '@statewire/protocol';

import type { TimeoutOptions } from '../core/options.js';
import type { Closing } from './closing.js';

/** How far a connection has come. */
export type Phase = 'greeting' | 'admitting' | 'open' | 'closed';

/** @returns how a connection ends that has spent too much of its time on getting in. */
export function overdue(
  phase: Phase,
  spent: number,
  { helloMs, authenticationMs }: Pick<TimeoutOptions, 'helloMs' | 'authenticationMs'>,
): Closing | undefined {
  if (phase === 'greeting' && helloMs > 0 && spent >= helloMs) return CLOSE_CODES.helloTimeout;
  if (phase !== 'admitting' || authenticationMs === 0 || spent < authenticationMs) return undefined;
  return CLOSE_CODES.overloaded;
}
