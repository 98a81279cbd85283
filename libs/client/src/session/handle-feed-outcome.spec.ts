import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { MetricsRecorder } from '../core/metrics-recorder.js';
import { StateStore } from '../topics/state-store.js';
import { handleFeedOutcome } from './handle-feed-outcome.js';

describe('a topic of the other kind on the server', () => {
  test('fails, is not requested again, and does not count as a hole', () => {
    const environment = new VirtualEnvironment();
    const metrics = new MetricsRecorder(environment);
    const store = new StateStore(environment, metrics);
    const entry = { name: 'a', store, subscription: undefined, isDeferred: false, failures: 0 };
    expect(handleFeedOutcome(entry, 'kind-mismatch', metrics, 0)).toBe('none');
    expect(store.error).toMatchObject({
      code: 'kind_mismatch',
      message: expect.stringMatching(
        /does not have the topic "a" with kind "state"\. .* use the same topic on both sides\.$/,
      ),
    });
    expect(metrics.metrics.holes).toBe(0);
  });
});
