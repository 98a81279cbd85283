import { setTimeout as wait } from 'node:timers/promises';

import { now } from '../clock.js';

/** Runs `count` sends with at most `window` under way. Resolves with the milliseconds that they took. */
export async function windowed(
  count: number,
  window: number,
  send: (index: number) => Promise<unknown>,
): Promise<number> {
  const began = now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await send(next++);
  };
  await Promise.all(Array.from({ length: window }, one));
  return now() - began;
}

/** Starts `count` sends at fixed times, `perSecond` of them a second, whether or not earlier ones have ended (open loop). */
export async function paced(
  count: number,
  perSecond: number,
  send: (index: number) => Promise<unknown>,
): Promise<number> {
  const began = now();
  const all: Promise<unknown>[] = [];
  while (all.length < count) {
    const due = Math.min(count, Math.floor(((now() - began) * perSecond) / 1_000));
    while (all.length < due) all.push(send(all.length));
    // The process sleeps in between, as an application does.
    await wait(Math.max(1, began + ((all.length + 1) * 1_000) / perSecond - now()));
  }
  await Promise.all(all);
  return now() - began;
}
