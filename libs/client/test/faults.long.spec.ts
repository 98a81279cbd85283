import { describe, test } from '@jest/globals';

import { holdAgainstFaults } from './support/faults.js';

describe('R1: thousands of random faults on virtual time', () => {
  test(
    'every value is the server’s at its position, nothing goes back, events are complete, actions run once',
    () => holdAgainstFaults(5_000),
    600_000,
  );
});
