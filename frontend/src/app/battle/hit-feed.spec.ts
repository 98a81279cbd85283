import { describe, expect, test } from '@jest/globals';
import type { Hit } from '@statewire/arena';

import { HitFeed } from './hit-feed';

function hit(id: number, tick = id): Hit {
  return { id, tick, targetId: 'foe-1', kind: 'damage', amount: 5 };
}

describe('HitFeed', () => {
  test('shows no hit from before the page opened', () => {
    expect(new HitFeed().take({ battleId: 'a', tick: 3, hits: [hit(1), hit(2)] })).toEqual([]);
  });

  test('shows each later hit once', () => {
    const feed = new HitFeed();
    feed.take({ battleId: 'a', tick: 1, hits: [hit(1)] });
    expect(feed.take({ battleId: 'a', tick: 3, hits: [hit(1), hit(2), hit(3)] }).map(({ id }) => id)).toEqual([2, 3]);
    expect(feed.take({ battleId: 'a', tick: 4, hits: [hit(2), hit(3)] })).toEqual([]);
  });

  test('leaves old hits out after polling', () => {
    const feed = new HitFeed();
    feed.take({ battleId: 'a', tick: 1, hits: [hit(1)] });
    const hits = [hit(2, 10), hit(3, 95)];
    expect(feed.take({ battleId: 'a', tick: 100, hits }).map(({ id }) => id)).toEqual([3]);
  });

  test('starts again for another battle and for new ids', () => {
    const feed = new HitFeed();
    feed.take({ battleId: 'a', tick: 9, hits: [hit(9)] });
    expect(feed.take({ battleId: 'b', tick: 10, hits: [hit(10)] })).toEqual([]);
    expect(feed.take({ battleId: 'b', tick: 1, hits: [hit(1)] })).toEqual([]);
  });
});
