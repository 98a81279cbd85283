import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { Closing } from './closing.js';
import type { ConnectionContext, ConnectionSocket } from './connection-context.js';
import { Connection } from './connection.js';
import { Pulse } from './heartbeat.js';
import type { UpgradeContext } from './upgrade-authorizer.js';

/** Beats within the shortest deadline: a deadline is noticed at most a tenth too late. */
const BEATS_PER_DEADLINE = 10;
const MIN_BEAT_MS = 10;
const MAX_BEAT_MS = 500;

/** All connections of this node, and the pulse that drives them. */
export class ConnectionHub {
  private readonly connections = new Map<string, Connection>();
  private readonly context: ConnectionContext;
  private readonly pulse: Pulse;
  private readonly waiting: (() => void)[] = [];

  constructor(context: Omit<ConnectionContext, 'pulse'>) {
    this.pulse = new Pulse(context.environment, periodOf(context.options), () => this.beat());
    this.context = { ...context, pulse: this.pulse };
  }

  get size(): number {
    return this.connections.size;
  }

  /** Number of followed topics. A topic counts once for each connection. */
  get subscriptions(): number {
    let sum = 0;
    for (const { topics } of this.connections.values()) sum += topics.length;
    return sum;
  }

  /** @returns a copy, so that the caller may close connections while it reads them. */
  all(): readonly Connection[] {
    return [...this.connections.values()];
  }

  get(id: string): Connection | undefined {
    return this.connections.get(id);
  }

  /** Opens the connection of a new socket. The owner of the socket calls `gone` when the socket has closed. */
  open(socket: ConnectionSocket, upgradeContext: UpgradeContext): Connection {
    const connection = new Connection(socket, upgradeContext, this.context, () => this.forget(connection));
    this.connections.set(connection.id, connection);
    this.pulse.start();
    return connection;
  }

  closeAll(closing: Closing): void {
    for (const connection of this.all()) connection.close(closing);
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private forget(connection: Connection): void {
    this.connections.delete(connection.id);
    if (this.connections.size > 0) return;
    this.pulse.stop();
    for (const resolve of this.waiting.splice(0)) resolve();
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
  return Math.max(MIN_BEAT_MS, Math.min(MAX_BEAT_MS, shortest / BEATS_PER_DEADLINE));
}
