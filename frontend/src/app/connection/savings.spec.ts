import { describe, expect, test } from '@jest/globals';
import type { ClientMetrics } from '@statewire/angular';

import { savings } from './savings';

function metrics(overrides: Partial<ClientMetrics>): ClientMetrics {
  return {
    framesReceived: 0,
    framesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    patches: 0,
    snapshots: 0,
    events: 0,
    polls: 0,
    reconnects: 0,
    holes: 0,
    fullStateBytes: 0,
    ...overrides,
  };
}

describe('savings', () => {
  test('compares the received bytes with both ways of polling', () => {
    const result = savings(metrics({ bytesReceived: 100, fullStateBytes: 1_000, patches: 38, snapshots: 2 }), {
      bytes: 200,
      polls: 4,
    });
    expect(result.againstFull).toBe(90);
    expect(result.againstPolling).toBe(50);
    expect(result.timesFresher).toBe(10);
    expect(result.costs.map(({ share }) => share)).toEqual([0.1, 0.2, 1]);
  });

  test('has a negative saving when the page received more than polling would', () => {
    expect(savings(metrics({ bytesReceived: 300 }), { bytes: 200, polls: 4 }).againstPolling).toBe(-50);
  });

  test('has no saving before the first value', () => {
    expect(savings(metrics({}), { bytes: 0, polls: 0 })).toMatchObject({
      againstFull: 0,
      againstPolling: 0,
      timesFresher: 1,
    });
  });
});
