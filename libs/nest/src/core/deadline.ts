import { Observable } from 'rxjs';

import type { Environment } from './environment.js';
import { RealtimeError } from './errors.js';

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
 * Bounds the time of application code that may never settle.
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
      reject(new RealtimeError('timeout', `This took longer than ${milliseconds} ms.`));
    }, milliseconds);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
