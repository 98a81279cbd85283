import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { Closing } from './closing.js';
import type { ConnectionNode } from './connection-node.js';
import type { ConnectionSocket } from './connection-socket.js';
import { Connection } from './connection.js';
import type { UpgradeContext } from './upgrade-context.js';
import { Pulse } from './pulse.js';

/** Deadlines are checked this often in the shortest of them, within bounds that cost nothing and notice in time. */
const BEATS = 10;
const SHORTEST_BEAT = 10;
const LONGEST_BEAT = 500;

/** All connections of this node, and the pulse that drives them. */
export class ConnectionHub {
  private readonly connections = new Map<string, Connection>();
  private readonly node: ConnectionNode;
  private readonly pulse: Pulse;
  private readonly emptied: (() => void)[] = [];

  constructor(node: Omit<ConnectionNode, 'pulse'>) {
    this.pulse = new Pulse(node.environment, periodOf(node.options), () => this.beat());
    this.node = { ...node, pulse: this.pulse };
  }

  get size(): number {
    return this.connections.size;
  }

  /** Topics that are followed, once for each connection. */
  get subscriptions(): number {
    let sum = 0;
    for (const { topics } of this.connections.values()) sum += topics.length;
    return sum;
  }

  /** The connections as they are now; closing some while looking is fine. */
  all(): readonly Connection[] {
    return [...this.connections.values()];
  }

  get(id: string): Connection | undefined {
    return this.connections.get(id);
  }

  /** The connection of a new socket. Call its `gone` when the socket has closed. */
  open(socket: ConnectionSocket, entrance: UpgradeContext): Connection {
    const connection = new Connection(socket, entrance, this.node, () => this.forget(connection));
    this.connections.set(connection.id, connection);
    this.pulse.start();
    return connection;
  }

  closeAll(closing: Closing): void {
    for (const connection of this.all()) connection.close(closing);
  }

  /** Resolves when the last socket is gone. */
  empty(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.emptied.push(resolve));
  }

  private forget(connection: Connection): void {
    this.connections.delete(connection.id);
    if (this.connections.size > 0) return;
    this.pulse.stop();
    for (const resolve of this.emptied.splice(0)) resolve();
  }

  private beat(): void {
    for (const connection of this.connections.values()) connection.beat();
  }
}

function periodOf({ heartbeat, limits }: ResolvedRealtimeOptions): number {
  const deadlines = [
    heartbeat.intervalMs,
    heartbeat.timeoutMs,
    limits.timeouts.helloMs,
    limits.timeouts.authenticationMs,
  ];
  const shortest = Math.min(...deadlines.filter((deadline) => deadline > 0));
  return Math.max(SHORTEST_BEAT, Math.min(LONGEST_BEAT, shortest / BEATS));
}
