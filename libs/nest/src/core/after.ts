import { Observable } from 'rxjs';

import type { Environment } from './environment.js';

/** Emits once when so many milliseconds have passed; at once for 0 and less. */
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
