import fc from 'fast-check';

import type { Json } from '../../src/index.js';
import { project } from './battle.js';

/** Few and nasty keys, so that two values have some in common. */
export const KEYS = ['a', 'b', '', '__proto__', 'constructor', 'toString', '0', '1', '=a', '>a', '-a', '~0', 'é'];

const scalar = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, 1, 2, '', 'a', '=a'),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** JSON values of which two have enough in common for a diff to have something to find. */
export const jsonValue: fc.Arbitrary<Json> = fc
  .letrec<{ value: Json; list: Json; record: Json }>((tie) => ({
    value: fc.oneof({ maxDepth: 5, depthSize: 'small' }, scalar, tie('list'), tie('record')),
    list: fc.array(tie('value'), { maxLength: 6 }),
    record: fc
      .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 6, selector: ([key]) => key })
      .map((entries) => Object.fromEntries(entries)),
  }))
  .value.map(project);
