/** Milliseconds between two polls of the clients this library replaces. */
export const POLL_INTERVAL = 2_000;

const encoder = new TextEncoder();

/**
 * Counts what a client would have received that asks for the followed values every two seconds. It is the kindest
 * comparison: a value that did not change costs nothing (as with ETags), and headers are not counted on either side.
 */
export class PollingCost {
  private readonly known = new Map<string, unknown>();
  bytes = 0;
  polls = 0;

  poll(values: Iterable<readonly [topic: string, value: unknown]>): void {
    this.polls++;
    for (const [topic, value] of values) {
      if (value === undefined || this.known.get(topic) === value) continue;
      this.known.set(topic, value);
      this.bytes += encoder.encode(JSON.stringify(value)).length;
    }
  }
}
