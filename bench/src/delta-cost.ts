import { applyDelta, diff, type Json } from '@statewire/protocol';

import { createBattle, nextTick } from './battle-model.js';
import { now } from './clock.js';
import type { Measurement } from './measurements.js';

const TICKS = 200;
const ATTEMPTS = 30;

/** Cost of a delta, computed by the server and applied by the client, as a multiple of writing the value as JSON. */
export function deltaCost(): Measurement[] {
  const values = battles();
  const written = fastest(() => {
    for (const value of values) JSON.stringify(value);
  });
  const computed = fastest(() => {
    for (let tick = 1; tick < TICKS; tick++) applyDelta(values[tick - 1]!, diff(values[tick - 1]!, values[tick]!));
  });
  return [
    {
      arm: 'statewire',
      metric: 'delta cost, computed and applied',
      unit: '× JSON.stringify',
      value: computed / written,
    },
  ];
}

/** Consecutive values of one battle that share no object, as a server publishes them. */
function battles(): readonly Json[] {
  const values: Json[] = [];
  let battle = createBattle();
  for (let tick = 0; tick < TICKS; tick++) {
    values.push(JSON.parse(JSON.stringify(battle)) as Json);
    battle = nextTick(battle, tick);
  }
  return values;
}

/** Milliseconds of the fastest attempt, which other programs disturb least. */
function fastest(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const began = now();
    run();
    best = Math.min(best, now() - began);
  }
  return best;
}
