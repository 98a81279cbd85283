import { Observable } from 'rxjs';

import type { ClientEnvironment } from './environment.js';

/** Emits once and completes `delay` ms after the subscription, measured by the timers of the environment. */
export function emitAfter(environment: ClientEnvironment, delay: number): Observable<void> {
  return new Observable((subscriber) => {
    const timer = environment.setTimer(() => {
      subscriber.next();
      subscriber.complete();
    }, delay);
    return () => timer.cancel();
  });
}
