/** Counters since the creation of the client. They show the costs and savings of a connection. */
export interface ClientMetrics {
  /** Frames from the server, over WebSockets and in poll responses. */
  readonly framesReceived: number;
  /** Frames to the server, over WebSockets. */
  readonly framesSent: number;
  /** Bytes of WebSocket payloads and HTTP bodies in UTF-8, without headers. */
  readonly bytesReceived: number;
  /** Bytes of WebSocket payloads and HTTP bodies in UTF-8, without headers. */
  readonly bytesSent: number;
  /** Patches that changed a state topic. */
  readonly patches: number;
  /** Snapshots that replaced the value of a state topic. */
  readonly snapshots: number;
  /** Events that the client delivered. */
  readonly events: number;
  /** Polls that the client sent. */
  readonly polls: number;
  /** Connections that the server welcomed after the first one. */
  readonly reconnects: number;
  /** Number of times that the client requested a topic again because a publication was missing. */
  readonly holes: number;
  /**
   * Bytes of the whole value, added up at each change of a state topic: the cost of sending full JSON each time. The
   * client measures a value when a snapshot arrives, and again after patches of a tenth of its size, at most once per
   * second.
   */
  readonly fullStateBytes: number;
}
