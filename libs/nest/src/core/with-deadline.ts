import type { Environment } from './environment.js';
import { RealtimeError } from './realtime-error.js';

/**
 * Application code may never settle; what waits for it must.
 *
 * @param milliseconds 0: waits for ever.
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
      reject(new RealtimeError('timeout', `This took longer than ${milliseconds} ms.`));
    }, milliseconds);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
