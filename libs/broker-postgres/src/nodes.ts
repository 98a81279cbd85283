import type { Environment, Timer } from '@statewire/nest';

import type { PostgresLink } from './link.js';

/** Signs of life within the time to live. */
const BEATS = 3;
/** Time for which the answer about the other nodes is used again. */
const KNOWN_FOR_MS = 250;

/** Callbacks for the signs of life of this node. */
export interface NodeEvents {
  /** With each sign of life. */
  onBeat(): void;
  /** The other nodes may have thought that this one had ended, because its signs of life were late. */
  onReturn(): void;
}

/** Tells the other nodes that this one is alive, and knows which others are. */
export class Nodes {
  private timer: Timer | undefined;
  private alive: { readonly at: number; readonly nodes: Promise<ReadonlySet<string>> } | undefined;
  /** By the monotonic clock. Until then no node counts as ended, because it may not have reached the server yet. */
  private trustedAt = Infinity;

  constructor(
    readonly id: string,
    private readonly link: Pick<PostgresLink, 'run' | 'up'>,
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly ttlMs: number,
    private readonly events: NodeEvents,
  ) {}

  /** Gives a sign of life on a new connection, and begins to repeat it. */
  async restore(): Promise<void> {
    this.timer?.cancel();
    this.alive = undefined;
    this.trustedAt = this.environment.monotonic() + this.ttlMs;
    await this.beat();
    this.beatLater();
  }

  /**
   * Whether a node has ended without a word. False until all nodes had the time to give a sign of life, counted from the
   * last time that the server was away.
   */
  async hasEnded(node: string): Promise<boolean> {
    if (node === this.id || this.environment.monotonic() < this.trustedAt) return false;
    if ((await this.aliveNodes()).has(node)) return false;
    // The node may have come back since the last look.
    return !(await this.readNodes()).has(node);
  }

  /** Takes this node out, so that the others need not wait for its time to live. */
  async leave(): Promise<void> {
    this.timer?.cancel();
    await this.link.run('end_node', this.id);
  }

  stop(): void {
    this.timer?.cancel();
  }

  private async aliveNodes(): Promise<ReadonlySet<string>> {
    const now = this.environment.monotonic();
    if (this.alive === undefined || now - this.alive.at > KNOWN_FOR_MS) {
      this.alive = { at: now, nodes: this.readNodes() };
      this.alive.nodes.catch(() => (this.alive = undefined));
    }
    return this.alive.nodes;
  }

  private async readNodes(): Promise<ReadonlySet<string>> {
    return new Set((await this.link.run('alive_nodes')).map((row) => String(row.alive_nodes)));
  }

  private async beat(): Promise<boolean> {
    const [row] = await this.link.run('beat', this.id, this.ttlMs);
    return row?.beat === true;
  }

  private beatLater(): void {
    this.timer = this.environment.setTimer(() => {
      this.beatLater();
      if (!this.link.up) return;
      this.events.onBeat();
      this.beat().then(
        (wasAlive) => {
          if (!wasAlive) this.events.onReturn();
        },
        // The next sign of life makes up for one that fails.
        () => undefined,
      );
    }, this.ttlMs / BEATS);
  }
}
