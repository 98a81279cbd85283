import type { ClientMetrics } from '@statewire/client';

/** The counters of a client that has no transport. */
export const NO_METRICS: ClientMetrics = {
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
};
