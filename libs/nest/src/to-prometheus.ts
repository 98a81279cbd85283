import type { MetricsSnapshot } from './realtime-metrics.js';

type Samples = number | { readonly label: string; readonly counts: Readonly<Record<string, number>> };

/**
 * Writes a snapshot in the text format of Prometheus, version 0.0.4. Answer with the content type
 * `text/plain; version=0.0.4`.
 *
 * @example
 * @Get('metrics') @Header('Content-Type', 'text/plain; version=0.0.4')
 * metrics() { return toPrometheus(this.realtimeMetrics.snapshot()); }
 */
export function toPrometheus({ gauges, counters }: MetricsSnapshot): string {
  const labelled = (label: string, counts: Readonly<Record<string, number>>): Samples => ({ label, counts });
  return [
    family('connections', 'gauge', 'Open sockets.', gauges.connections),
    family('subscriptions', 'gauge', 'Subscriptions of all connections.', gauges.subscriptions),
    family('topics', 'gauge', 'Live topics.', gauges.topics),
    family('outbox_bytes', 'gauge', 'Bytes that wait for slow readers.', gauges.outboxBytes),
    family('actions_in_flight', 'gauge', 'Actions that run.', gauges.actionsInFlight),
    family('presence_topics', 'gauge', 'Followed topics with presence.', gauges.presenceTopics),
    family('presence_clients', 'gauge', 'Members of presence topics.', gauges.presenceClients),
    family('broker_away_ms', 'gauge', 'Milliseconds since the broker went out of reach.', gauges.brokerAwayMs),
    family(
      'broker_pending_publications',
      'gauge',
      'Publications that wait for the broker.',
      gauges.brokerPendingPublications,
    ),
    family('broker_pending_bytes', 'gauge', 'Characters of these publications.', gauges.brokerPendingBytes),
    family('connections_admitted_total', 'counter', 'Connections admitted.', counters.connectionsAdmitted),
    family('closes_total', 'counter', 'Closed connections by close code.', labelled('code', counters.closes)),
    family('errors_sent_total', 'counter', 'Errors sent to clients by code.', labelled('code', counters.errorsSent)),
    family('resumes_total', 'counter', 'Subscriptions from a position by result.', labelled('by', counters.resumes)),
    family('snapshots_sent_total', 'counter', 'Snapshots written to sockets.', counters.snapshotsSent),
    family('patches_sent_total', 'counter', 'Patches written to sockets.', counters.patchesSent),
    family('events_sent_total', 'counter', 'Events written to sockets.', counters.eventsSent),
    family('conflations_total', 'counter', 'Topics conflated for slow readers.', counters.conflations),
    family('actions_total', 'counter', 'Actions by outcome.', labelled('outcome', counters.actions)),
    family('polls_total', 'counter', 'Polls.', counters.polls),
    family('polls_held_total', 'counter', 'Polls that waited for a publication.', counters.pollsHeld),
    family('presence_joins_total', 'counter', 'Members that joined.', counters.presenceJoins),
    family(
      'presence_leaves_total',
      'counter',
      'Members that left by cause.',
      labelled('cause', counters.presenceLeaves),
    ),
    family('presence_uncounted_total', 'counter', 'Clients that are not counted.', counters.presenceUncounted),
    family('broker_outages_total', 'counter', 'Times that the broker went out of reach.', counters.brokerOutages),
    family('broker_reconnects_total', 'counter', 'Times that the broker came back.', counters.brokerReconnects),
    family(
      'broker_away_seconds_total',
      'counter',
      'Seconds for which the broker was out of reach.',
      counters.brokerAwaySeconds,
    ),
    family(
      'broker_publications_total',
      'counter',
      'Publications by outcome.',
      labelled('outcome', counters.brokerPublications),
    ),
    family('broker_deltas_refused_total', 'counter', 'Deltas that needed a value.', counters.brokerDeltasRefused),
    family('broker_reads_total', 'counter', 'Reads of topics.', counters.brokerReads),
    family('broker_topics_swept_total', 'counter', 'Positions compared with the broker.', counters.brokerTopicsSwept),
    family('broker_topics_moved_total', 'counter', 'Topics found elsewhere.', counters.brokerTopicsMoved),
    family('broker_requests_total', 'counter', 'Requests to holders.', labelled('outcome', counters.brokerRequests)),
    family('broker_leases_total', 'counter', 'Leases by event.', labelled('event', counters.brokerLeases)),
  ].join('');
}

function family(name: string, type: 'gauge' | 'counter', help: string, samples: Samples): string {
  const full = `statewire_${name}`;
  const lines =
    typeof samples === 'number'
      ? [`${full} ${samples}`]
      : Object.entries(samples.counts).map(([value, count]) => `${full}{${samples.label}="${value}"} ${count}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines, ''].join('\n');
}
