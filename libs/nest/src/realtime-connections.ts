import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Json } from '@statewire/protocol';
import { Subject, type Observable } from 'rxjs';

import type { Broadcast, Broker } from './core/broker.js';
import { GuardedObservable } from './core/guarded-observable.js';
import type { Environment } from './core/environment.js';
import type { Revocation, RevokeOptions } from './admission/revocations.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';
import { ConnectionHub } from './websocket/connection-hub.js';
import type { Connection } from './websocket/connection.js';
import { Revocations } from './admission/revocations.js';

/** One connection of this node, for people and admin pages. */
export interface ConnectionInfo {
  readonly id: string;
  /** Id of the identity; undefined for anonymous callers. */
  readonly user: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** When anything arrived last, in milliseconds since the Unix epoch; exact to half a second. */
  readonly lastHeard: number;
  /** Names of the topics it follows. */
  readonly subscriptions: readonly string[];
}

type Revoked = Revocation & Required<RevokeOptions>;

const REVOKE = 'statewire:revoke';
/** The longest a timer of Node takes. */
const LONGEST_GRACE = 2_147_483_647;

/**
 * Who is connected, and how to show somebody the door.
 *
 * @example
 * await connections.revoke({ user: player.id });                      // banned: out within a second
 * await connections.revoke({ user: player.id }, { grace: 30_000 });   // roles changed: new credentials, please
 */
@Injectable()
export class RealtimeConnections implements OnApplicationShutdown {
  private readonly revocations = new Subject<Revoked>();

  /** Emits each revocation when it is made, wherever in the cluster that is. */
  readonly revoked: Observable<Revoked>;

  constructor(
    private readonly hub: ConnectionHub,
    private readonly recent: Revocations,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(REALTIME_LOG) log: RealtimeLog,
  ) {
    this.revoked = new GuardedObservable(this.revocations, (error) => {
      log.error('subscriber-failed', error, { reason: 'revoked' });
    });
    broker.onBroadcast((message) => this.receive(message));
  }

  /** The connections of this node. */
  list(): readonly ConnectionInfo[] {
    const now = this.environment.now();
    return this.hub.all().map((connection) => ({
      id: connection.id,
      user: connection.user,
      since: connection.since,
      lastHeard: Math.round(now - connection.silence),
      subscriptions: connection.topics,
    }));
  }

  /**
   * Closes connections on every node with 4003, and refuses polls and snapshots that are not answered yet; clients do not
   * come back on their own. Actions that were let in run. Whoever revokes also makes `authenticate` refuse the credentials
   * from now on.
   *
   * With a `grace` connections are told that their credentials end with it, and stay if the client presents new ones of
   * the same identity before. Until then everything goes on under the old ones. Polls that are held when the grace ends
   * are ended, later ones are up to `authenticate`.
   *
   * @throws RangeError for a grace that is no duration.
   */
  async revoke(whose: Revocation, { grace = 0 }: RevokeOptions = {}): Promise<void> {
    if (!isGrace(grace)) throw new RangeError(`grace must be from 0 to ${LONGEST_GRACE} milliseconds, got ${grace}.`);
    await this.broker.broadcast({ type: REVOKE, payload: { ...whose, grace } });
  }

  /**
   * Cuts a connection of this node without a close frame, as a failing network would. Its client comes back on its own
   * and loses nothing, so that this is how to see what it makes of it.
   *
   * @returns whether there was such a connection on this node.
   */
  disconnect(connectionId: string): boolean {
    const connection = this.hub.get(connectionId);
    connection?.cut();
    return connection !== undefined;
  }

  onApplicationShutdown(): void {
    this.revocations.complete();
  }

  private receive({ type, payload }: Broadcast): void {
    if (type !== REVOKE) return;
    const whose = readRevocation(payload);
    if (whose === undefined) return;
    this.recent.add(whose, whose.grace);
    for (const connection of this.hub.all()) {
      if (concerns(whose, connection)) connection.revoked();
    }
    this.revocations.next(whose);
  }
}

function concerns(whose: Revocation, connection: Connection): boolean {
  return 'user' in whose ? connection.user === whose.user : connection.id === whose.connection;
}

function isGrace(grace: unknown): boolean {
  return typeof grace === 'number' && grace >= 0 && grace <= LONGEST_GRACE;
}

function readRevocation(payload: Json): Revoked | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  // A node of another version may not know of a grace.
  const grace = 'grace' in payload && isGrace(payload.grace) ? (payload.grace as number) : 0;
  if ('user' in payload && typeof payload.user === 'string') return { user: payload.user, grace };
  if ('connection' in payload && typeof payload.connection === 'string') {
    return { connection: payload.connection, grace };
  }
  return undefined;
}
