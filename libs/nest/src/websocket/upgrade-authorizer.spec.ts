import { expect, test } from '@jest/globals';

import { offersSubprotocol } from './upgrade-authorizer.js';

test.each([
  [undefined, true],
  ['statewire.v1.json', true],
  ['other, statewire.v1.json', true],
  ['statewire.v2.json', false],
  ['xstatewire.v1.json', false],
  ['', false],
])('accepts the subprotocol offer %p: %p', (header, spoken) => {
  expect(offersSubprotocol(header)).toBe(spoken);
});
