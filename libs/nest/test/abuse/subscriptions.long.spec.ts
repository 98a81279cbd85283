import { test } from '@jest/globals';

import { followMany } from './subscriptions.js';

test('A9: 100,000 subscriptions end at 128, each one refused by name', () => followMany(100_000), 60_000);
