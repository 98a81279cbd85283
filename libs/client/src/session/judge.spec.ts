import { describe, expect, test } from '@jest/globals';

import { MetricsRecorder } from '../core/metrics-recorder.js';
import { VirtualEnvironment } from '../testing/virtual-environment.js';
import { StateStore } from '../topics/state-store.js';
import { judge } from './judge.js';

describe('a topic that the server has as the other kind', () => {
  test('errs, is not asked for again, and counts as no hole', () => {
    const environment = new VirtualEnvironment();
    const metrics = new MetricsRecorder(environment);
    const store = new StateStore(environment, metrics);
    const entry = { name: 'a', store, carrier: undefined, resting: false, failures: 0 };
    expect(judge(entry, 'kind-mismatch', metrics, 0)).toBe('no');
    expect(store.error?.code).toBe('kind_mismatch');
    expect(metrics.metrics.holes).toBe(0);
  });
});
