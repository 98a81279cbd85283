import type { Environment } from './environment.js';
import type { RealtimeLog } from './realtime-log.js';

/** Time from the first outdated client to the first line. Most pages reconnect in it after a deploy. */
const FIRST_REPORT_MS = 60_000;
const REPORT_INTERVAL_MS = 600_000;

/** Largest number of clients that one line counts. Client ids are free, so this bounds the memory. */
const MAX_CLIENTS = 10_000;

/** Counts the clients whose contract is older than `minContract`, and logs their number once in a while. */
export class OutdatedClients {
  /** Contracts by client id, since the last line. */
  private readonly seen = new Map<string, number>();
  private reportAt: number | undefined;

  constructor(
    private readonly minContract: number,
    private readonly environment: Pick<Environment, 'monotonic'>,
    private readonly log: Pick<RealtimeLog, 'warn'>,
  ) {}

  /** Counts a client if it is outdated. Call it again while the client is there. @returns whether it is outdated. */
  count(clientId: string, contract = 0): boolean {
    if (contract >= this.minContract) return false;
    const now = this.environment.monotonic();
    this.reportAt ??= now + FIRST_REPORT_MS;
    if (this.seen.size < MAX_CLIENTS) this.seen.set(clientId, contract);
    if (now >= this.reportAt) this.report(now);
    return true;
  }

  private report(now: number): void {
    const oldest = Math.min(...this.seen.values());
    this.log.warn('outdated-clients', { clients: this.seen.size, oldest, minContract: this.minContract });
    this.seen.clear();
    this.reportAt = now + REPORT_INTERVAL_MS;
  }
}
