import { defer, EMPTY, filter, map, startWith, Subject, switchMap, type Observable } from 'rxjs';

import { after } from '../core/deadline.js';
import type { Environment } from '../core/environment.js';
import { forgottenError, revokedError } from './revocation-errors.js';

/** Names the connections that a revocation concerns: all of a user, or a single one. */
export type Revocation = { readonly user: string } | { readonly connection: string };

export interface RevokeOptions {
  /**
   * Milliseconds to come back with credentials that `authenticate` accepts now, or to finish what is under way. Clients
   * of Statewire ask for new ones on their own. Of several revocations the one counts that ends first, among those made
   * after the credentials were presented. Default 0: the end is at once.
   */
  readonly grace?: number;
}

/** Milliseconds a verification may take where there is no limit to it; who was verified before is remembered so long. */
const UNBOUNDED_VERIFICATION = 60_000;

/** Whose permission was taken back, as one connection or request asks about itself. */
export interface Holder {
  /** Undefined for a request. */
  readonly connection: string | undefined;
  readonly user: string | undefined;
  /** The `mark` of the moment at which its credentials were presented. */
  readonly presented: number;
}

interface Entry {
  readonly number: number;
  /** End of the grace, in monotonic milliseconds. */
  readonly until: number;
}

/**
 * What was revoked lately on this node. Connections ask it at each beat, and again, as requests do, when a verification
 * has ended that began before the revocation: credentials that were accepted too early must not outlive it.
 *
 * Each revocation concerns who presented credentials before it. Of several that concern a holder the one that ends first
 * counts; those made before it presented do not, however long their graces last.
 */
export class Revocations {
  /** Of each holder in the order they were made, and so of their ends: what ends later than a newer one is left out. */
  private readonly entries = new Map<string, Entry[]>();
  private readonly memory: number;
  /** Whose, by the key in `entries`. */
  private readonly added = new Subject<string>();
  private count = 0;
  private forgotten = 0;
  private sweepAt = 0;

  /** @param verification milliseconds that a verification may take. 0: any time. */
  constructor(
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    verification: number,
  ) {
    this.memory = Math.max(verification, UNBOUNDED_VERIFICATION);
  }

  /** Grows with each revocation: note it before credentials are verified. */
  get mark(): number {
    return this.count;
  }

  /** Holders that are remembered, for tests. Forgets those whose time has passed, as the next revocation does. */
  get size(): number {
    this.sweep(this.environment.monotonic());
    return this.entries.size;
  }

  /**
   * Whether everything that was revoked since `mark` is still known. False only where a verification had no limit and
   * took longer than a minute: then nobody can tell whether what it accepted was taken back meanwhile.
   */
  reachesBackTo(mark: number): boolean {
    return mark >= this.forgotten;
  }

  /** @param grace milliseconds */
  add(whose: Revocation, grace: number): void {
    const now = this.environment.monotonic();
    // Not each time: whoever revokes many at once would go through all of them for each.
    if (now >= this.sweepAt) this.sweep(now);
    const key = 'user' in whose ? ofUser(whose.user) : ofConnection(whose.connection);
    const until = now + grace;
    const entries = this.entries.get(key) ?? [];
    while ((entries.at(-1)?.until ?? -Infinity) >= until) entries.pop();
    entries.push({ number: ++this.count, until });
    this.entries.set(key, entries);
    this.added.next(key);
  }

  check(user: string | undefined, mark: number): void {
    if (user === undefined) return;
    if (!this.reachesBackTo(mark)) throw forgottenError();
    const deadline = this.deadline({ connection: undefined, user, presented: mark });
    if (deadline !== undefined && deadline <= this.environment.monotonic()) throw revokedError();
  }

  whilePermitted(user: string, mark: number): Observable<never> {
    const key = ofUser(user);
    const end = (): Observable<void> => {
      const deadline = this.deadline({ connection: undefined, user, presented: mark });
      return deadline === undefined ? EMPTY : after(this.environment, deadline - this.environment.monotonic());
    };
    return defer(() => {
      this.check(user, mark);
      return this.added.pipe(
        filter((added) => added === key),
        startWith(key),
        switchMap(end),
        map(() => {
          throw revokedError();
        }),
      );
    });
  }

  /** When the holder has to go, in monotonic milliseconds; undefined where nothing was revoked since it presented. */
  deadline({ connection, user, presented }: Holder): number | undefined {
    if (presented === this.count) return undefined;
    const keys = [
      ...(connection === undefined ? [] : [ofConnection(connection)]),
      ...(user === undefined ? [] : [ofUser(user)]),
    ];
    const deadlines = keys
      .map((key) => this.entries.get(key)?.find(({ number }) => number > presented))
      .flatMap((entry) => entry?.until ?? []);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  private sweep(now: number): void {
    this.sweepAt = now + this.memory;
    for (const [key, entries] of this.entries) {
      const kept = entries.filter(({ until }) => until + this.memory >= now);
      const dropped = entries[entries.length - kept.length - 1];
      this.forgotten = Math.max(this.forgotten, dropped?.number ?? 0);
      if (kept.length === 0) this.entries.delete(key);
      else this.entries.set(key, kept);
    }
  }
}

function ofUser(id: string): string {
  return `user ${id}`;
}

function ofConnection(id: string): string {
  return `connection ${id}`;
}
