import type { RealtimeLimits } from '../core/options.js';

/**
 * How many new topics a second one caller may ask for, 0 for any number: a new topic wakes a handler and takes memory,
 * however many of them one frame names. As many as may be followed, so that coming back to all of them always passes.
 */
export function topicsPerSecond({
  framesPerSecond,
  subscriptions,
}: Pick<RealtimeLimits, 'framesPerSecond' | 'subscriptions'>): number {
  return framesPerSecond === 0 || subscriptions === 0 ? 0 : Math.max(framesPerSecond, subscriptions);
}
