import { describe, jest } from '@jest/globals';

import { describeWideValues } from './wide-values.js';

jest.setTimeout(60_000);

describe('A12: a value of 100,000 keys', () => describeWideValues(100_000));
