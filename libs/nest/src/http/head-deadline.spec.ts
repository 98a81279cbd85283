import { describe, expect, test } from '@jest/globals';

import { limitHeads, type HeadDeadlines } from './head-deadline.js';

function limited(server: HeadDeadlines, timeout = 9_000): HeadDeadlines {
  limitHeads(server, timeout);
  return server;
}

describe('the deadline of heads', () => {
  test.each<[string, HeadDeadlines, HeadDeadlines]>([
    [
      'Node’s defaults',
      { headersTimeout: 60_000, connectionsCheckingInterval: 30_000 },
      { headersTimeout: 9_000, connectionsCheckingInterval: 1_000 },
    ],
    [
      'none at all',
      { headersTimeout: 0, connectionsCheckingInterval: 30_000 },
      { headersTimeout: 9_000, connectionsCheckingInterval: 1_000 },
    ],
    [
      'a shorter one',
      { headersTimeout: 500, connectionsCheckingInterval: 100 },
      { headersTimeout: 500, connectionsCheckingInterval: 100 },
    ],
    ['a version of Node that has no such interval', { headersTimeout: 60_000 }, { headersTimeout: 9_000 }],
    ['a server that knows no such deadline', {}, {}],
  ])('meets %s', (_, server, expected) => {
    expect(limited(server)).toEqual(expected);
  });

  test('of 0 leaves the server as it is', () => {
    expect(limited({ headersTimeout: 60_000 }, 0)).toEqual({ headersTimeout: 60_000 });
  });
});
