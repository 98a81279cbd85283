import { expect, test } from '@jest/globals';

import { Epochs } from './epochs.js';
import { Keys } from './keys.js';
import type { ScriptCall } from './link.js';
import { topicScripts } from './scripts/topic-scripts.js';
import { TopicReader } from './topic-reader.js';

const scripts = topicScripts({ count: 10, bytes: 0, ageMs: 0 });

test('a new epoch that keeps the value names the offset, also if there was no value when it was read', async () => {
  const replaced: (readonly string[])[] = [];
  let offset = 0;
  const link = {
    run: async ({ script, args }: ScriptCall) => {
      const data = offset === 0 ? null : '1';
      if (script === scripts.read) return ['e', offset, 'id', 5, data, offset, 1, null, []];
      replaced.push(args.slice(3));
      // A publication arrives between the read and the replacement.
      offset += 1;
      return replaced.length === 1 ? ['MOVED', 'e', offset] : ['OK', 'e2', 1];
    },
  };
  const reader = new TopicReader(link, new Keys('sw'), scripts, new Epochs('n'));
  expect(await reader.replaceEpoch('lobby', 'state', 'e', true)).toEqual({ epoch: 'e2', offset: 1 });
  expect(replaced).toEqual([
    ['keep', '0'],
    ['keep', '1', '1', 'id'],
  ]);
});
