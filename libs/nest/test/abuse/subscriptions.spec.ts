import { test } from '@jest/globals';

import { followMany } from './subscriptions.js';

test('A9: 10,000 subscriptions end at 128, each one refused by name', () => followMany(10_000));
