import { clientDeltaCost } from '../client-delta-cost.js';
import { deltaCost } from '../delta-cost.js';
import type { Scenario } from '../scenario.js';

export const valueCost: Scenario = {
  name: 'values',
  title: 'Cost of a change in the client',
  about:
    'From the text of a frame to the observer of the value, with two changed fields, as a multiple of `JSON.parse` of the value.',
  seconds: 10,
  prepare: async () => ({
    round: async () => [...clientDeltaCost(), ...deltaCost()],
    close: async () => undefined,
  }),
};
