import { InjectionToken } from '@angular/core';

/** Schedules the delivery of the values that have gathered: it calls `deliver` once for each call of its own. */
export type Pace = (deliver: () => void) => void;

/** The time between two deliveries: one frame of a screen with 60 Hz. */
const FRAME_MS = 16;

/**
 * Returns a pace with the first delivery at the end of the current task, and later ones one frame apart. It uses
 * timers, because `requestAnimationFrame` stops in hidden tabs and exists in browsers only.
 */
export function framePace(): Pace {
  let resting = false;
  let due: (() => void) | undefined;

  const rest = (): void => {
    setTimeout(() => {
      const deliver = due;
      due = undefined;
      if (deliver === undefined) {
        resting = false;
        return;
      }
      rest();
      deliver();
    }, FRAME_MS);
  };

  return (deliver) => {
    if (resting) {
      due = deliver;
      return;
    }
    resting = true;
    queueMicrotask(() => {
      rest();
      deliver();
    });
  };
}

/** The pace of `Updates`. Tests replace it to deliver at once. */
export const PACE = new InjectionToken<Pace>('PACE', { providedIn: 'root', factory: framePace });
