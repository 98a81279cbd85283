import { InjectionToken } from '@angular/core';

/** Decides when what has gathered is delivered: calls `deliver` once for each time it is called itself. */
export type Pace = (deliver: () => void) => void;

/** Milliseconds between two deliveries: one frame at 60 Hz, since nobody sees more. */
const FRAME = 16;

/**
 * The first delivery comes at the end of the current task, later ones one frame apart. Not built on
 * `requestAnimationFrame`, which stands still in hidden tabs and does not exist outside browsers.
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
    }, FRAME);
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

export const PACE = new InjectionToken<Pace>('PACE', { providedIn: 'root', factory: framePace });
