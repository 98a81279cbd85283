import { Observable } from 'rxjs';

import type { Environment } from './environment.js';

/** Emits once and completes, `delay` ms after it was subscribed; `timer` on the client's own clock. */
export function after(environment: Environment, delay: number): Observable<void> {
  return new Observable((subscriber) => {
    const timer = environment.setTimer(() => {
      subscriber.next();
      subscriber.complete();
    }, delay);
    return () => timer.cancel();
  });
}
