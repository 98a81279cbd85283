import { now } from './clock.js';

/** Clock and timers of a schedule. */
export interface ScheduleHost {
  now(): number;
  /** Runs the task after `delayMs`; 0: in the next turn of the event loop. */
  later(task: () => void, delayMs: number): void;
}

const HOST: ScheduleHost = {
  now,
  later: (task, delayMs) => void (delayMs > 0 ? setTimeout(task, delayMs) : setImmediate(task)),
};

/**
 * Calls `send` `times` times on a fixed grid of `intervalMs` (open loop): a late call does not move the following ones.
 * `send` gets the time at which the call was due, so that latency includes the time by which the sender was late. There
 * is at most one call in a turn of the event loop.
 */
export function onSchedule(
  times: number,
  intervalMs: number,
  send: (dueAt: number, index: number) => void,
  host = HOST,
): Promise<void> {
  const began = host.now();
  return new Promise((resolve) => {
    let index = 0;
    const step = (): void => {
      const dueAt = began + index * intervalMs;
      if (host.now() >= dueAt) {
        send(dueAt, index);
        index += 1;
      }
      if (index === times) return resolve();
      host.later(step, Math.max(0, began + index * intervalMs - host.now()));
    };
    step();
  });
}
