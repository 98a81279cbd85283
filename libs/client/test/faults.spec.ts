import { describe, test } from '@jest/globals';

import { holdAgainstFaults } from './support/faults.js';

describe('R1: random faults on virtual time', () => {
  test(
    'every value is the server’s at its position, nothing goes back, events are complete, actions run once',
    () => holdAgainstFaults(60),
    60_000,
  );
});
