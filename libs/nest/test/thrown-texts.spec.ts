import { expect, test } from '@jest/globals';

import type { Broker } from '../src/core/broker.js';
import { lossy } from './support/lossy-broker.js';
import { EVENTS, setUp } from './support/topics-set-up.js';

test('logs an error of the broker during a read as an error, not as a reason', async () => {
  const faults = lossy();
  let thrown = 0;
  let failing = false;
  const { environment, reader, topics, logged } = setUp({
    wrap: (real) => {
      const broker = faults.wrap(real);
      const read: Broker['read'] = (...parameters) =>
        failing ? Promise.reject(new Error(`rejected ${++thrown}`)) : broker.read(...parameters);
      return Object.assign(Object.create(broker) as Broker, { read });
    },
  });
  await reader().subscribe(EVENTS);
  failing = true;
  faults.lose = 1;
  for (const n of [1, 2]) await topics.publish(EVENTS, n);
  await environment.settle();
  expect(logged).toEqual([`broker-read-failed: ${JSON.stringify({ topic: EVENTS.name, error: 'Error: rejected 1' })}`]);
});
