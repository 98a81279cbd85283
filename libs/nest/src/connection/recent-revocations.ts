import type { Environment } from '../environment.js';
import type { Revocation } from '../lifecycle/lifecycle.js';

/** Milliseconds a verification may take where there is no limit to it; who was verified before is remembered so long. */
const UNBOUNDED_VERIFICATION = 60_000;

/** Whose permission was taken back, as one connection asks about itself. */
export interface Holder {
  readonly connection: string;
  readonly user: string | undefined;
  /** The `mark` of the moment at which its credentials were presented. */
  readonly presented: number;
}

interface Entry {
  /** Number of the last revocation. */
  number: number;
  /** End of the grace, in monotonic milliseconds. */
  until: number;
}

/**
 * What was revoked lately on this node. Connections ask it at each beat, and again when a verification has ended that
 * began before the revocation: credentials that were accepted too early must not outlive it.
 */
export class RecentRevocations {
  private readonly entries = new Map<string, Entry>();
  private readonly memory: number;
  private count = 0;

  /** @param verification milliseconds that a verification may take. 0: any time. */
  constructor(
    private readonly environment: Pick<Environment, 'monotonic'>,
    verification: number,
  ) {
    this.memory = Math.max(verification, UNBOUNDED_VERIFICATION);
  }

  /** Grows with each revocation: note it before credentials are verified. */
  get mark(): number {
    return this.count;
  }

  /** Revocations that are remembered, for tests. */
  get size(): number {
    return this.entries.size;
  }

  /** @param grace milliseconds; a shorter one that has not ended yet stays in force. */
  add(whose: Revocation, grace: number): void {
    const now = this.environment.monotonic();
    for (const [key, { until }] of this.entries) {
      if (until + this.memory < now) this.entries.delete(key);
    }
    const key = 'user' in whose ? ofUser(whose.user) : ofConnection(whose.connection);
    const before = this.entries.get(key);
    const until = before === undefined || before.until <= now ? now + grace : Math.min(before.until, now + grace);
    this.entries.set(key, { number: ++this.count, until });
  }

  /** When the holder has to go, in monotonic milliseconds; undefined where nothing was revoked since it presented. */
  deadline({ connection, user, presented }: Holder): number | undefined {
    if (presented === this.count) return undefined;
    const deadlines = [this.entries.get(ofConnection(connection)), user && this.entries.get(ofUser(user))]
      .filter((entry) => typeof entry === 'object')
      .filter(({ number }) => number > presented)
      .map(({ until }) => until);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }
}

function ofUser(id: string): string {
  return `user ${id}`;
}

function ofConnection(id: string): string {
  return `connection ${id}`;
}
