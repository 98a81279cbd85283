import { BrokerError, type Claim, type ClaimOptions } from '../../core/broker.js';
import type { Environment, Timer } from '../../core/environment.js';
import { disposedError } from './errors.js';
import type { Nodes } from './nodes.js';
import { PersistentCalls } from './persistent-calls.js';

/** Longest life of a running claim without a renewal. */
const RUNNING_MS = 600_000;
const RENEW_AFTER_MS = 120_000;
/** Time for which a claim of a forgotten key is `lost`. */
const FORGOTTEN_MS = 10_000;
/** Time between two looks of a waiting caller at the node that runs the action. */
const LOOK_MS = 1_000;
/** Longest time from a claim to its command, while calls wait for a server that is out of reach. */
const CALL_MARGIN_MS = 10_000;

/** A claim that a node has made. Each call of a node has an id of its own. */
export interface ClaimCall {
  /** Key of the claim. */
  readonly key: string;
  /** Fingerprint of the action. */
  readonly fingerprint: string;
  /** Tells the claims of one key by one node apart. */
  readonly id: string;
}

/** The state of a claim on the server. */
export type StoredClaim =
  | { readonly outcome: 'claimed' | 'conflict' | 'lost' }
  | { readonly outcome: 'settled'; readonly answer: string }
  /** The node and the id of the call that run the action. */
  | { readonly outcome: 'running'; readonly node: string; readonly id: string };

/** The end of a claim, if a message tells it: its answer, or `unclaimed`. */
export type ClaimEnd = 'unclaimed' | { readonly answer: string };

/** The claims of all nodes, as a server keeps them. A call may be repeated, and gives the same result then. */
export interface ClaimStore {
  /** Whether calls for a key can be made now. */
  isUp(key: string): boolean;
  /**
   * Claims a key for this node and `runningMs`. With `doubtfulMs`, an unknown key is `lost` if the server may have lost its
   * claims within that time.
   */
  claim(call: ClaimCall, runningMs: number, doubtfulMs: number | undefined): Promise<StoredClaim>;
  /** Stores the answer of a claim of this node for `windowMs`. Resolves with false if the node does not hold the claim. */
  settle(call: ClaimCall, answer: string, windowMs: number): Promise<boolean>;
  /** Gives back a claim of this node. Does nothing if the node does not hold it. */
  unclaim(call: ClaimCall): Promise<void>;
  /** Declares a claim of a node lost for `windowMs`. Does nothing if the node does not hold it. */
  bury(key: string, node: string, id: string, windowMs: number): Promise<void>;
  /** Returns the state of a claim, without claiming the key. Undefined: there is no claim. */
  look(key: string, fingerprint: string): Promise<StoredClaim | undefined>;
  /** Deletes answers. The keys are `lost` for `forMs`. */
  forget(keys: readonly string[], forMs: number): Promise<void>;
  /** Keeps the running claims of this node for another `runningMs`. */
  keep(keys: readonly string[], runningMs: number): Promise<void>;
  /**
   * Calls `onEnd` when a claim may have ended, also on later connections, until `unwatch`. Resolves when no end is missed any
   * more.
   */
  watch(key: string, onEnd: (end?: ClaimEnd) => void): Promise<void>;
  /** Ends the calls of `onEnd`. */
  unwatch(key: string, onEnd: (end?: ClaimEnd) => void): void;
}

/** A caller that waits for the answer of an action. */
interface Waiting {
  readonly look: () => void;
  readonly end: (error: Error) => void;
}

/** The claims of actions by this node, and the callers that wait for the answer of another one. */
export class Claims {
  private readonly running = new Map<string, ClaimCall>();
  private readonly calls: PersistentCalls;
  private readonly waiting = new Set<Waiting>();
  private renewedAt: number;
  private count = 0;

  /** @param windowMs time for which an answer is remembered. */
  constructor(
    private readonly nodes: Pick<Nodes, 'hasEnded' | 'id'>,
    private readonly store: ClaimStore,
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly windowMs: number,
  ) {
    this.calls = new PersistentCalls(store, environment);
    this.renewedAt = environment.monotonic();
  }

  /** Number of running claims, calls under way and callers that wait. */
  get size(): number {
    return this.running.size + this.calls.size + this.waiting.size;
  }

  /** Does what `Broker.claim` describes. */
  async claim(key: string, fingerprint: string, options: ClaimOptions = {}): Promise<Claim> {
    const call = { key, fingerprint, id: String((this.count += 1)) };
    // A server that lost its data after the first call of the action may have lost its claim.
    const doubtfulMs = options.ageMs === undefined ? this.windowMs : Math.ceil(options.ageMs) + CALL_MARGIN_MS;
    let stored: StoredClaim;
    try {
      stored = await this.store.claim(call, RUNNING_MS, options.again === true ? doubtfulMs : undefined);
    } catch (error) {
      // The server may have stored the claim, and the caller will not run the action.
      if (!(error instanceof BrokerError && error.code === 'full')) this.undo(call);
      throw error;
    }
    if (stored.outcome === 'claimed') this.running.set(key, call);
    if (stored.outcome !== 'running') return stored;
    if (await this.bury(key, stored.node, stored.id)) return { outcome: 'lost' };
    const answer = this.waitFor(key, fingerprint);
    // The caller may not need the answer.
    answer.catch(() => undefined);
    return { outcome: 'running', answer };
  }

  /** Does what `Broker.settle` describes. */
  async settle(key: string, answer: string, windowMs: number): Promise<void> {
    const call = this.take(key);
    const ttlMs = Math.max(1, Math.ceil(windowMs));
    const isHeld = await this.calls.make(key, windowMs, () => this.store.settle(call, answer, ttlMs));
    if (!isHeld) throw notHeldError();
  }

  /** Does what `Broker.unclaim` describes. */
  async unclaim(key: string): Promise<void> {
    const call = this.take(key);
    await this.calls.make(key, this.windowMs, () => this.store.unclaim(call));
  }

  /** Does what `Broker.forget` describes. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.store.forget(keys, FORGOTTEN_MS);
  }

  /** Repeats the calls that the end of a connection interrupted. `isBack` selects the keys whose server is back. */
  onUp(isBack: (key: string) => boolean): void {
    this.calls.repeat(isBack);
    for (const { look } of [...this.waiting]) look();
  }

  /** Renews the running claims from time to time. */
  async renew(): Promise<void> {
    const now = this.environment.monotonic();
    if (now - this.renewedAt < RENEW_AFTER_MS) return;
    this.renewedAt = now;
    await this.store.keep([...this.running.keys()], RUNNING_MS);
  }

  /** Declares the running claims of this node lost, because it ends. */
  async leave(): Promise<void> {
    const lost = [...this.running.values()].map(({ key, id }) =>
      this.store.bury(key, this.nodes.id, id, this.windowMs),
    );
    await Promise.all(lost);
  }

  /** Rejects the callers that wait, and the calls under way. */
  dispose(): void {
    for (const { end } of [...this.waiting]) end(disposedError());
    this.calls.dispose();
    this.running.clear();
  }

  private take(key: string): ClaimCall {
    const call = this.running.get(key);
    if (call === undefined) throw notHeldError();
    this.running.delete(key);
    return call;
  }

  private undo(call: ClaimCall): void {
    this.calls.make(call.key, RUNNING_MS, () => this.store.unclaim(call)).catch(() => undefined);
  }

  /** Declares a claim lost if its node has ended. */
  private async bury(key: string, node: string, id: string): Promise<boolean> {
    if (!(await this.nodes.hasEnded(node))) return false;
    await this.store.bury(key, node, id, this.windowMs);
    return true;
  }

  /** Resolves with the answer of an action that another caller runs. */
  private waitFor(key: string, fingerprint: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const settle = (finish: () => void): void => {
        timer?.cancel();
        this.waiting.delete(waiting);
        this.store.unwatch(key, onEnd);
        finish();
      };
      const end = (found: ClaimEnd): void =>
        settle(() => (found === 'unclaimed' ? reject(unclaimedError()) : resolve(found.answer)));
      const look = (): void => {
        if (!this.waiting.has(waiting)) return;
        timer?.cancel();
        timer = this.environment.setTimer(look, LOOK_MS);
        this.look(key, fingerprint).then(
          (found) => {
            if (found !== undefined && this.waiting.has(waiting)) end(found);
          },
          // The next look makes up for one that fails.
          () => undefined,
        );
      };
      const onEnd = (found?: ClaimEnd): void => (found === undefined ? look() : end(found));
      const waiting: Waiting = { look, end: (error) => settle(() => reject(error)) };
      this.waiting.add(waiting);
      // Looks after it listens, so that it misses no end.
      this.store.watch(key, onEnd).then(look, look);
    });
  }

  /** Returns the end of a claim, without claiming the key. Undefined: it runs. */
  private async look(key: string, fingerprint: string): Promise<ClaimEnd | undefined> {
    const stored = await this.store.look(key, fingerprint);
    if (stored?.outcome === 'settled') return { answer: stored.answer };
    if (stored?.outcome !== 'running') return 'unclaimed';
    return (await this.bury(key, stored.node, stored.id)) ? 'unclaimed' : undefined;
  }
}

/** Reads the state of a claim from a list: its name, then the answer, or the node and the id of the call that run it. */
export function storedClaimOf(reply: readonly string[] | null | undefined): StoredClaim | undefined {
  const [outcome, first = '', second = ''] = reply ?? [];
  switch (outcome) {
    case 'settled':
      return { outcome, answer: first };
    case 'running':
      return { outcome, node: first, id: second };
    case 'claimed':
    case 'conflict':
    case 'lost':
      return { outcome };
    default:
      return undefined;
  }
}

function unclaimedError(): BrokerError {
  return new BrokerError('unclaimed', 'The holder of the claim gave it back, or ended.');
}

function notHeldError(): BrokerError {
  return new BrokerError('not_held', 'This node does not hold the claim.');
}
