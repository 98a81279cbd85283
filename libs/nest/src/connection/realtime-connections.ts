import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOSE_CODES, type Json } from '@statewire/protocol';
import { Subject, type Observable } from 'rxjs';

import type { Broadcast, Broker } from '../broker/broker.js';
import { GuardedObservable } from '../common/guarded-observable.js';
import type { Environment } from '../environment.js';
import type { Revocation, Revocations } from '../lifecycle/lifecycle.js';
import type { RealtimeLog } from '../lifecycle/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from '../module/tokens.js';
import { RealtimeError } from '../realtime-error.js';
import { ConnectionHub } from './connection-hub.js';
import type { Connection } from './connection.js';

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

const REVOKE = 'statewire:revoke';

/**
 * Who is connected, and how to show somebody the door.
 *
 * @example await connections.revoke({ user: player.id });
 */
@Injectable()
export class RealtimeConnections implements Revocations, OnApplicationShutdown {
  private readonly revocations = new Subject<Revocation>();

  /** Emits each revocation, wherever in the cluster it was made. */
  readonly revoked: Observable<Revocation>;

  constructor(
    private readonly hub: ConnectionHub,
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
   * Closes connections on every node with 4003, and ends held polls; clients do not come back on their own. Whoever
   * revokes also makes `authenticate` refuse the credentials from now on.
   */
  async revoke(whose: Revocation): Promise<void> {
    await this.broker.broadcast({ type: REVOKE, payload: { ...whose } });
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
    for (const connection of this.hub.all()) {
      if (concerns(whose, connection)) connection.close(CLOSE_CODES.refused, revokedError());
    }
    this.revocations.next(whose);
  }
}

function concerns(whose: Revocation, connection: Connection): boolean {
  return 'user' in whose ? connection.user === whose.user : connection.id === whose.connection;
}

function revokedError(): RealtimeError {
  return new RealtimeError('unauthorized', 'The permission to connect was taken back.');
}

function readRevocation(payload: Json): Revocation | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  if ('user' in payload && typeof payload.user === 'string') return { user: payload.user };
  if ('connection' in payload && typeof payload.connection === 'string') return { connection: payload.connection };
  return undefined;
}
