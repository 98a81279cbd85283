/** Plain counters, so that an application can show what a connection costs and saves. */
export interface ClientMetrics {
  readonly framesReceived: number;
  readonly framesSent: number;
  /** Bytes of WebSocket payloads and HTTP bodies, as UTF-8. Headers are not counted. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly patches: number;
  readonly snapshots: number;
  readonly events: number;
  readonly polls: number;
  /** Sockets that were welcomed after the first. */
  readonly reconnects: number;
  /** Times a topic had to ask again because an offset was missing. */
  readonly holes: number;
  /**
   * Bytes of the whole value each time a state topic changed: what full JSON would have cost. The size of a value is
   * taken when a snapshot arrives and then at most once a second, not at every patch.
   */
  readonly fullStateBytes: number;
}
