import { defer, EMPTY, filter, map, startWith, Subject, switchMap, type Observable } from 'rxjs';

import { after, type Environment } from '../core/environment.js';
import { RealtimeError } from '../core/errors.js';

/** Names the connections that a revocation concerns: all of a user, or a single one. */
export type Revocation = { readonly user: string } | { readonly connection: string };

/** Options of `RealtimeConnections.revoke()`. */
export interface RevokeOptions {
  /**
   * Milliseconds for which the revoked credentials stay valid, so that a client can present new ones or finish its
   * actions. Clients of Statewire ask for new credentials on their own. If several revocations apply to the same
   * credentials, the grace that ends first counts. Default 0: the credentials end at once.
   */
  readonly graceMs?: number;
}

/** Key of the revocations that concern every user. */
const ALL_USERS = 'all users';

/** Milliseconds for which a revocation is kept if a verification may take any time. */
const DEFAULT_RETENTION_MS = 60_000;

/** The credentials that a connection or a request asks about. */
export interface Holder {
  /** Undefined for a request. */
  readonly connection: string | undefined;
  readonly user: string | undefined;
  /** The log's `mark` when the credentials were presented. */
  readonly presented: number;
}

interface RevocationEntry {
  readonly number: number;
  /** End of the grace, in monotonic milliseconds. */
  readonly until: number;
}

/**
 * The recent revocations of this node. A connection checks the log on each tick. A connection and a request also check
 * it after a verification, because the credentials may have been revoked while they were verified.
 *
 * A revocation applies to credentials that were presented before it. If several revocations apply, the one whose grace
 * ends first counts.
 */
export class Revocations {
  /**
   * By holder, in the order in which they were made and in which they end: an entry that ends later than a newer one is
   * left out.
   */
  private readonly entries = new Map<string, RevocationEntry[]>();
  private readonly retention: number;
  /** Keys of `entries`. */
  private readonly added = new Subject<string>();
  private count = 0;
  /** Number of the newest revocation that is no longer kept. */
  private dropped = 0;
  private sweepAt = 0;

  /** @param verificationTimeout milliseconds that a verification may take. 0: any time. */
  constructor(
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    verificationTimeout: number,
  ) {
    this.retention = Math.max(verificationTimeout, DEFAULT_RETENTION_MS);
  }

  /** The position in the log. It grows with each revocation. Read it before a verification starts. */
  get mark(): number {
    return this.count;
  }

  /** Number of holders in the log, for tests. Drops the entries that are too old first. */
  get size(): number {
    this.sweep(this.environment.monotonic());
    return this.entries.size;
  }

  /**
   * Whether the log still has every revocation since `mark`. False only if a verification may take any time and took
   * more than a minute.
   */
  reachesBackTo(mark: number): boolean {
    return mark >= this.dropped;
  }

  /** @param grace milliseconds for which the credentials stay valid. */
  add(whose: Revocation, grace: number): void {
    this.addEntry('user' in whose ? ofUser(whose.user) : ofConnection(whose.connection), grace);
  }

  /**
   * Revokes the credentials of every user, because this node may have missed revocations.
   *
   * @param grace milliseconds for which the credentials stay valid.
   */
  addForAllUsers(grace: number): void {
    this.addEntry(ALL_USERS, grace);
  }

  private addEntry(key: string, grace: number): void {
    const now = this.environment.monotonic();
    // Not on each call: revoking many users at once would visit all entries for each of them.
    if (now >= this.sweepAt) this.sweep(now);
    const until = now + grace;
    const entries = this.entries.get(key) ?? [];
    while ((entries.at(-1)?.until ?? -Infinity) >= until) entries.pop();
    entries.push({ number: ++this.count, until });
    this.entries.set(key, entries);
    this.added.next(key);
  }

  /**
   * Throws if the credentials that were presented at `mark` have been revoked since.
   *
   * @param user undefined for an anonymous caller: never throws.
   * @throws RealtimeError `unauthorized` if they have been revoked; `timeout` if the log no longer reaches back to
   * `mark`.
   */
  check(user: string | undefined, mark: number): void {
    if (user === undefined) return;
    if (!this.reachesBackTo(mark)) throw verificationTooLongError();
    const deadline = this.deadline({ connection: undefined, user, presented: mark });
    if (deadline !== undefined && deadline <= this.environment.monotonic()) throw revokedError();
  }

  /** Never emits. Errors as soon as {@link check} throws. */
  whilePermitted(user: string, mark: number): Observable<never> {
    const key = ofUser(user);
    const end = (): Observable<void> => {
      const deadline = this.deadline({ connection: undefined, user, presented: mark });
      return deadline === undefined ? EMPTY : after(this.environment, deadline - this.environment.monotonic());
    };
    return defer(() => {
      this.check(user, mark);
      return this.added.pipe(
        filter((added) => added === key || added === ALL_USERS),
        startWith(key),
        switchMap(end),
        map(() => {
          throw revokedError();
        }),
      );
    });
  }

  /** @returns when the credentials end, in monotonic milliseconds; undefined if no revocation applies to them. */
  deadline({ connection, user, presented }: Holder): number | undefined {
    if (presented === this.count) return undefined;
    const keys = [
      ...(connection === undefined ? [] : [ofConnection(connection)]),
      ...(user === undefined ? [] : [ofUser(user), ALL_USERS]),
    ];
    const deadlines = keys
      .map((key) => this.entries.get(key)?.find(({ number }) => number > presented))
      .flatMap((entry) => entry?.until ?? []);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  private sweep(now: number): void {
    this.sweepAt = now + this.retention;
    for (const [key, entries] of this.entries) {
      const kept = entries.filter(({ until }) => until + this.retention >= now);
      const newestDropped = entries[entries.length - kept.length - 1];
      this.dropped = Math.max(this.dropped, newestDropped?.number ?? 0);
      if (kept.length === 0) this.entries.delete(key);
      else this.entries.set(key, kept);
    }
  }
}

/** Error for revoked credentials. */
export function revokedError(): RealtimeError {
  return new RealtimeError('unauthorized', 'The permission to connect was revoked.');
}

/** Error for credentials whose verification outlived the revocation log. */
export function verificationTooLongError(): RealtimeError {
  return new RealtimeError('timeout', 'Verifying the credentials took too long. Present them again.');
}

function ofUser(id: string): string {
  return `user ${id}`;
}

function ofConnection(id: string): string {
  return `connection ${id}`;
}
