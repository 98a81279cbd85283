import { TICK_LENGTH } from '@statewire/arena';

/** Returns the time of a tick at speed 1, such as `1:04.3`. */
export function battleClock(tick: number): string {
  const tenths = Math.floor((tick * TICK_LENGTH) / 100);
  const minutes = Math.floor(tenths / 600);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${minutes}:${seconds}`;
}
