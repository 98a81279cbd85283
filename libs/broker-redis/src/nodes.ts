import type { Environment, Timer } from '@statewire/nest';

import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { nodeScripts } from './scripts/node-scripts.js';

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
    private readonly link: Pick<RedisLink, 'run' | 'isUp'>,
    private readonly keys: Keys,
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly ttlMs: number,
    private readonly events: NodeEvents,
  ) {}

  /** Gives a sign of life on a new connection, and begins to repeat it. */
  async restore(): Promise<void> {
    this.timer?.cancel();
    this.mistrust();
    await this.beat();
    this.beatLater();
  }

  /** The server has lost what it knew of the nodes. */
  mistrust(): void {
    this.alive = undefined;
    this.trustedAt = this.environment.monotonic() + this.ttlMs;
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
    const { partition, key } = this.keys.nodes;
    await this.link.run({ script: nodeScripts.leave, partition, keys: [key], args: [this.id] });
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
    const { partition, key } = this.keys.nodes;
    return new Set((await this.link.run({ script: nodeScripts.alive, partition, keys: [key], args: [] })) as string[]);
  }

  private async beat(): Promise<boolean> {
    const { partition, key } = this.keys.nodes;
    const args = [this.id, String(this.ttlMs)];
    return (await this.link.run({ script: nodeScripts.beat, partition, keys: [key], args })) === 1;
  }

  private beatLater(): void {
    this.timer = this.environment.setTimer(() => {
      this.beatLater();
      this.events.onBeat();
      if (!this.link.isUp(this.keys.nodes.partition)) return;
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
