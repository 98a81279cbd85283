import { expect, test } from '@jest/globals';

import type { MetricsSnapshot } from './realtime-metrics.js';
import { toPrometheus } from './to-prometheus.js';

const snapshot: MetricsSnapshot = {
  time: 1,
  gauges: {
    ...{ connections: 2, subscriptions: 3, topics: 1, outboxBytes: 4, actionsInFlight: 0 },
    ...{ presenceTopics: 1, presenceClients: 2, brokerAwayMs: 0 },
    ...{ brokerPendingPublications: 2, brokerPendingBytes: 300 },
  },
  counters: {
    ...{ connectionsAdmitted: 5, closes: { 4003: 1, peer: 2 }, errorsSent: {}, resumes: { patches: 9 } },
    ...{ snapshotsSent: 6, patchesSent: 7, eventsSent: 8, conflations: 0, actions: { run: 1 }, polls: 0, pollsHeld: 0 },
    ...{ presenceJoins: 3, presenceLeaves: { lost: 1 }, presenceUncounted: 0, brokerOutages: 0 },
    ...{ brokerReconnects: 1, brokerAwaySeconds: 1.5, brokerPublications: { stored: 4 }, brokerDeltasRefused: 0 },
    ...{
      brokerReads: 3,
      brokerTopicsSwept: 2,
      brokerTopicsMoved: 1,
      brokerRequests: { answered: 1 },
      brokerLeases: { lost: 1 },
    },
  },
};

test('formats metrics in the text format of Prometheus', () => {
  const text = toPrometheus(snapshot);
  expect(text).toContain('# HELP statewire_connections Open sockets.\n# TYPE statewire_connections gauge\n');
  expect(text).toContain('\nstatewire_connections 2\n');
  expect(text).toContain('# TYPE statewire_closes_total counter\nstatewire_closes_total{code="4003"} 1\n');
  expect(text).toContain('\nstatewire_closes_total{code="peer"} 2\n# HELP');
  expect(text).toContain('statewire_resumes_total{by="patches"} 9\n');
  expect(text).toContain('statewire_actions_total{outcome="run"} 1\n');
  expect(text).toContain('\nstatewire_presence_clients 2\n');
  expect(text).toContain('statewire_presence_leaves_total{cause="lost"} 1\n');
  expect(text.endsWith('\n')).toBe(true);
  const names = text.match(/^statewire_\w+/gm)!;
  const numbers = Object.keys(snapshot.gauges).length + Object.keys(snapshot.counters).length;
  // Each name once, but `closes` twice, and no sample of `errorsSent`.
  expect(new Set(names).size).toBe(numbers - 1);
  expect(names.length).toBe(numbers);
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) statewire_\w+ .+|statewire_\w+(\{\w+="[\w-]+"\})? \d+(\.\d+)?)$/);
  }
});
