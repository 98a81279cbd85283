import type { Environment, Timer } from '../../core/environment.js';

/** Signs of life within the time to live. */
const BEATS = 3;
/** Time for which the answer about the other nodes is used again. */
const KNOWN_FOR_MS = 250;

/** The nodes that live, as a server keeps them. */
export interface NodeStore {
  /** Whether a sign of life can be sent now. */
  readonly isUp: boolean;
  /** Stores a sign of life of a node for `ttlMs`. Resolves with whether an earlier one was still stored. */
  beat(node: string, ttlMs: number): Promise<boolean>;
  /** Returns the nodes whose signs of life are stored. */
  alive(): Promise<ReadonlySet<string>>;
  /** Deletes the sign of life of a node. */
  leave(node: string): Promise<void>;
}

/** Callbacks for the signs of life of this node. */
export interface NodeEvents {
  /** Called at the time of each sign of life, also while the server is out of reach. */
  onBeat(): void;
  /** The other nodes may have thought that this one had ended, because its signs of life were late. */
  onReturn(): void;
}

/** Tells the other nodes that this one is alive, and knows which others are. */
export class Nodes {
  /** Names this node. */
  readonly id: string;
  private timer: Timer | undefined;
  private known: { readonly at: number; readonly nodes: Promise<ReadonlySet<string>> } | undefined;
  /** By the monotonic clock. Until then no node counts as ended, because it may not have reached the server yet. */
  private trustedAt = Infinity;

  /**
   * @param id names this node.
   * @param ttlMs time after which a node without a sign of life counts as ended.
   */
  constructor(
    id: string,
    private readonly store: NodeStore,
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly ttlMs: number,
    private readonly events: NodeEvents,
  ) {
    this.id = id;
  }

  /** Gives a sign of life on a new connection, and begins to repeat it. */
  async restore(): Promise<void> {
    this.timer?.cancel();
    this.mistrust();
    await this.store.beat(this.id, this.ttlMs);
    this.beatLater();
  }

  /** The server may have lost what it knew of the nodes. */
  mistrust(): void {
    this.known = undefined;
    this.trustedAt = this.environment.monotonic() + this.ttlMs;
  }

  /**
   * Whether a node has ended without a word. False until all nodes had the time to give a sign of life, counted from the
   * last time that the server was away.
   */
  async hasEnded(node: string): Promise<boolean> {
    if (node === this.id || this.environment.monotonic() < this.trustedAt) return false;
    if ((await this.knownNodes()).has(node)) return false;
    // The node may have come back since the last look.
    return !(await this.store.alive()).has(node);
  }

  /** Takes this node out, so that the others need not wait for its time to live. */
  async leave(): Promise<void> {
    this.stop();
    await this.store.leave(this.id);
  }

  /** Ends the signs of life. */
  stop(): void {
    this.timer?.cancel();
  }

  private async knownNodes(): Promise<ReadonlySet<string>> {
    const now = this.environment.monotonic();
    if (this.known === undefined || now - this.known.at > KNOWN_FOR_MS) {
      this.known = { at: now, nodes: this.store.alive() };
      this.known.nodes.catch(() => (this.known = undefined));
    }
    return this.known.nodes;
  }

  private beatLater(): void {
    this.timer = this.environment.setTimer(() => {
      this.beatLater();
      this.events.onBeat();
      if (!this.store.isUp) return;
      this.store.beat(this.id, this.ttlMs).then(
        (wasAlive) => {
          if (!wasAlive) this.events.onReturn();
        },
        // The next sign of life makes up for one that fails.
        () => undefined,
      );
    }, this.ttlMs / BEATS);
  }
}
