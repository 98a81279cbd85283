/** Milliseconds between two polls of a client that only polls. */
export const POLL_INTERVAL_MS = 2_000;

const encoder = new TextEncoder();

/**
 * Counts the bytes that a client would have received if it requested the followed values every two seconds. The comparison
 * favours polling: a value that did not change costs nothing, as with ETags, and headers count on neither side.
 */
export class PollingCost {
  private readonly values = new Map<string, unknown>();
  bytes = 0;
  polls = 0;

  poll(values: Iterable<readonly [topic: string, value: unknown]>): void {
    this.polls++;
    for (const [topic, value] of values) {
      if (value === undefined || this.values.get(topic) === value) continue;
      this.values.set(topic, value);
      this.bytes += encoder.encode(JSON.stringify(value)).length;
    }
  }
}
