import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CLOSE_CODES, type Json } from '@statewire/protocol';
import { Subject, type Observable } from 'rxjs';

import type { Broker } from './core/broker.js';
import { GuardedObservable } from './core/guarded-observable.js';
import { MAX_TIMER_DELAY_MS, type Environment } from './core/environment.js';
import { RealtimeError } from './core/errors.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';
import { ConnectionHub } from './websocket/connection-hub.js';
import type { Connection } from './websocket/connection.js';
import { Revocations, type Revocation, type RevokeOptions } from './admission/revocations.js';
import { InternalTopic } from './topics/internal-topic.js';

/** One connection of this node, for logs and admin pages. */
export interface ConnectionInfo {
  /** Id of the connection, as the client knows it from `welcome`. */
  readonly id: string;
  /** Id of the identity; undefined for anonymous callers. */
  readonly user: string | undefined;
  /** Start of the connection, in milliseconds since the Unix epoch. */
  readonly connectedAt: number;
  /** Arrival of the last frame, in milliseconds since the Unix epoch; exact to half a second. */
  readonly lastHeardAt: number;
  /** Names of its topics. */
  readonly subscriptions: readonly string[];
}

/** A revocation with its options. */
export type Revoked = Revocation & Required<RevokeOptions>;

/**
 * Milliseconds in which every client presents its credentials again, after this node may have missed revocations. Long
 * enough for clients to get new tokens, and short enough to end credentials that another node revoked.
 */
const MISSED_GRACE_MS = 10_000;

/**
 * Lists the connections of this node and revokes permissions.
 *
 * @example
 * // A banned user: the server ends the connections within a second.
 * await connections.revoke({ user: player.id });
 * // Changed roles: the client presents new credentials.
 * await connections.revoke({ user: player.id }, { graceMs: 30_000 });
 * // One page: it shows the reason and stays disconnected.
 * connections.disconnect(id, 'An administrator ended this session.');
 */
@Injectable()
export class RealtimeConnections implements OnModuleInit, OnApplicationShutdown {
  private readonly topic: InternalTopic;
  private readonly revocations = new Subject<Revoked>();

  /** Emits each revocation that any node makes, as far as this node learns of it. */
  readonly revoked: Observable<Revoked>;

  /** @internal Nest creates the instance. */
  constructor(
    private readonly hub: ConnectionHub,
    private readonly recent: Revocations,
    @Inject(BROKER) broker: Broker,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {
    this.revoked = new GuardedObservable(this.revocations, (error) => {
      log.error('subscriber-failed', error, { reason: 'revoked' });
    });
    this.topic = new InternalTopic({
      ...{ name: 'statewire:revocations', kind: 'events', broker, environment, log },
      onValue: (value) => this.receive(value),
      onGap: () => this.handleGap(),
    });
  }

  /** The connections of this node. */
  list(): readonly ConnectionInfo[] {
    const now = this.environment.now();
    return this.hub.all().map((connection) => ({
      id: connection.id,
      user: connection.user,
      connectedAt: connection.connectedAt,
      lastHeardAt: Math.round(now - connection.silence),
      subscriptions: connection.topics,
    }));
  }

  /**
   * Closes the connections on every node with 4003 and rejects their unanswered polls and snapshots. Clients do not
   * reconnect by themselves. Actions that have passed their guards run. The application must also make `authenticate`
   * reject these credentials from now on.
   *
   * With a `graceMs` the server tells clients the new end of their credentials. A connection stays if its client
   * presents new credentials of the same identity in time; until then the old ones count. A poll that is held when the
   * grace ends gets its answer then; `authenticate` decides on later polls.
   *
   * Resolves when the broker has the revocation and this node has acted. Other nodes act within a second. A node that
   * is cut off from the broker acts when it is back; if the history of the broker no longer has all that it missed, all
   * its users present their credentials again within 10 s.
   *
   * @throws (rejects) BrokerError `unavailable` if the broker is out of reach for 5 s. Try again: nodes may not act.
   * @throws (rejects) RangeError if `graceMs` is no number from 0 to 2,147,483,647; TypeError if `whose` does not name
   * either a user or a connection by a string.
   */
  async revoke(whose: Revocation, { graceMs = 0 }: RevokeOptions = {}): Promise<void> {
    if (!isGrace(graceMs))
      throw new RangeError(`graceMs must be from 0 to ${MAX_TIMER_DELAY_MS} milliseconds, got ${graceMs}.`);
    const payload: { user?: string; connection?: string; graceMs: number } = { ...whose, graceMs };
    const namesBoth = payload.user !== undefined && payload.connection !== undefined;
    if (namesBoth || readRevocation(payload) === undefined) {
      const given = JSON.stringify(whose);
      throw new TypeError(`revoke() takes { user } or { connection } with the id as a string, got ${given}.`);
    }
    await this.topic.publish(payload);
  }

  /**
   * Ends a connection of this node for good. The client receives the error `forbidden` with `reason`, and the close
   * code 4003. Its status becomes `denied`, it neither reconnects nor polls, and it withdraws its values. It connects
   * again only if the application calls `connect()` or `reauthenticate()`, or if the user reloads the page. To keep the
   * user out, call {@link revoke} and reject the credentials.
   *
   * A client that polls has no connection, so only {@link revoke} reaches it.
   *
   * @param reason a sentence that the client shows or logs.
   * @returns whether this node had such a connection.
   */
  disconnect(connectionId: string, reason: string): boolean {
    const connection = this.hub.get(connectionId);
    connection?.close(CLOSE_CODES.rejected, new RealtimeError('forbidden', reason));
    return connection !== undefined;
  }

  /** Called by Nest. Follows the revocations of all nodes before the server accepts the first client. */
  async onModuleInit(): Promise<void> {
    await this.topic.open();
  }

  /** Called by Nest. Completes {@link revoked}. */
  async onApplicationShutdown(): Promise<void> {
    this.revocations.complete();
    await this.topic.close();
  }

  private receive(value: Json): void {
    const whose = readRevocation(value);
    if (whose === undefined) return;
    this.recent.add(whose, whose.graceMs);
    for (const connection of this.hub.all()) {
      if (concerns(whose, connection)) connection.revoked();
    }
    this.revocations.next(whose);
  }

  /** Any user may be concerned. Each client presents its credentials again, and `authenticate` decides. */
  private handleGap(): void {
    const users = this.hub.all().filter(({ user }) => user !== undefined);
    this.log.warn('revocations-missed', { connections: users.length, graceMs: MISSED_GRACE_MS });
    this.recent.addForAllUsers(MISSED_GRACE_MS);
    for (const connection of users) connection.revoked();
  }
}

function concerns(whose: Revocation, connection: Connection): boolean {
  return 'user' in whose ? connection.user === whose.user : connection.id === whose.connection;
}

function isGrace(grace: unknown): boolean {
  return typeof grace === 'number' && grace >= 0 && grace <= MAX_TIMER_DELAY_MS;
}

function readRevocation(payload: Json): Revoked | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  // A node of another version may send no grace.
  const graceMs = 'graceMs' in payload && isGrace(payload.graceMs) ? (payload.graceMs as number) : 0;
  if ('user' in payload && typeof payload.user === 'string') return { user: payload.user, graceMs };
  if ('connection' in payload && typeof payload.connection === 'string') {
    return { connection: payload.connection, graceMs };
  }
  return undefined;
}
