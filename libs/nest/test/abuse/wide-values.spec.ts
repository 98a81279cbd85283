import { describe } from '@jest/globals';

import { describeWideValues } from './wide-values.js';

describe('A12: a value of 10,000 keys', () => describeWideValues(10_000));
