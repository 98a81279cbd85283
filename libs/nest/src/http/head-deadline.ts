/** What is set of Node's HTTP server; the interval is no documented property, only an option of `createServer`. */
export interface HeadDeadlines {
  headersTimeout?: number;
  connectionsCheckingInterval?: number;
}

/** How often (ms) Node looks for connections that are late. By itself it does so twice a minute. */
const CHECKING_INTERVAL = 1_000;

/**
 * Gives the heads of requests, upgrades included, so many milliseconds to arrive, where the application left Node its
 * minute. A connection that sends nothing at all is late as well. Called before the server listens.
 */
export function limitHeads(server: HeadDeadlines, timeout: number): void {
  const { headersTimeout, connectionsCheckingInterval } = server;
  // A server of another kind, such as one for HTTP/2.
  if (timeout === 0 || headersTimeout === undefined) return;
  if (headersTimeout === 0 || headersTimeout > timeout) server.headersTimeout = timeout;
  if (connectionsCheckingInterval !== undefined && connectionsCheckingInterval > CHECKING_INTERVAL) {
    server.connectionsCheckingInterval = CHECKING_INTERVAL;
  }
}
