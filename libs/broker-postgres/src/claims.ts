import { BrokerError, type BrokerContext, type Claim, type ClaimOptions, type Timer } from '@statewire/nest';
import { disposedError, type Nodes } from '@statewire/nest/broker';

import type { PostgresLink } from './link.js';
import { digestOf } from './names.js';
import type { Wakes } from './wakes.js';

/** Longest life of a running claim without a renewal. */
const RUNNING_MS = 600_000;
const RENEW_AFTER_MS = 120_000;
/** Time for which a claim of a forgotten key is `lost`. */
const FORGOTTEN_MS = 10_000;
/** Time between two looks of a waiting caller at the node that runs the action. */
const LOOK_MS = 1_000;
/** Longest time from a claim to its statement, while calls wait for a server that is out of reach. */
const CALL_MARGIN_MS = 10_000;
/** Claims per call. */
const AT_ONCE = 1_000;

/** A claim of this node that runs. */
interface RunningClaim {
  readonly fingerprint: string;
  /** Tells the claims of one key by one node apart. */
  readonly id: string;
}

/** A call that is repeated while the server is out of reach. */
interface OpenCall {
  readonly call: readonly [name: string, ...values: unknown[]];
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A caller that waits for the answer of an action. */
interface Waiting {
  readonly look: () => void;
  readonly end: (error: Error) => void;
}

/** State of a claim, then its answer, or the node and the call that run it. */
type ClaimReply = readonly [state: string, first?: string, second?: string];

/** The claims of actions. */
export class Claims {
  private readonly running = new Map<string, RunningClaim>();
  private readonly openCalls = new Set<OpenCall>();
  private readonly waiting = new Set<Waiting>();
  private renewedAt: number;
  private count = 0;
  private isDisposed = false;
  /** Since when the server has all claims, by its clock. */
  private completeSince = 0;

  constructor(
    private readonly nodes: Nodes,
    private readonly link: Pick<PostgresLink, 'run' | 'up'>,
    private readonly wakes: Wakes,
    private readonly environment: BrokerContext['environment'],
    private readonly windowMs: number,
  ) {
    this.renewedAt = environment.monotonic();
  }

  get size(): number {
    return this.running.size + this.openCalls.size + this.waiting.size;
  }

  /** A server that lost its data has no claims from before `completeSince`. */
  restore(completeSince: number): void {
    this.completeSince = completeSince;
  }

  async claim(key: string, print: string, options: ClaimOptions = {}): Promise<Claim> {
    const fingerprint = digestOf(print);
    const id = String((this.count += 1));
    // A server that lost its data after the first call of the action may have lost its claim.
    const doubtfulMs = options.ageMs === undefined ? this.windowMs : Math.ceil(options.ageMs) + CALL_MARGIN_MS;
    const again = options.again === true ? doubtfulMs : undefined;
    const stored = digestOf(key);
    let reply: ClaimReply;
    try {
      const values = [stored, fingerprint, this.nodes.id, id, again, this.completeSince, RUNNING_MS];
      const [row] = await this.link.run('take_claim', ...values);
      reply = row!.take_claim as ClaimReply;
    } catch (error) {
      // The server may have stored the claim, and the caller will not run the action.
      if (!(error instanceof BrokerError && error.code === 'full')) this.undo(stored, id);
      throw error;
    }
    switch (reply[0]) {
      case 'claimed':
        this.running.set(key, { fingerprint, id });
        return { outcome: 'claimed' };
      case 'settled':
        return { outcome: 'settled', answer: reply[1]! };
      case 'running': {
        if (await this.bury(stored, reply[1]!, reply[2]!)) return { outcome: 'lost' };
        const answer = this.waitFor(stored, fingerprint);
        // The caller may not need the answer.
        answer.catch(() => undefined);
        return { outcome: 'running', answer };
      }
      case 'conflict':
        return { outcome: 'conflict' };
      default:
        return { outcome: 'lost' };
    }
  }

  async settle(key: string, answer: string, windowMs: number): Promise<void> {
    const { fingerprint, id } = this.take(key);
    const ttl = Math.max(1, Math.ceil(windowMs));
    const isHeld = await this.persist(
      windowMs,
      'settle_claim',
      digestOf(key),
      fingerprint,
      this.nodes.id,
      id,
      answer,
      ttl,
    );
    if (isHeld === false) throw notHeldError();
  }

  async unclaim(key: string): Promise<void> {
    const { id } = this.take(key);
    await this.persist(this.windowMs, 'give_back_claim', digestOf(key), this.nodes.id, id);
  }

  async forget(keys: readonly string[]): Promise<void> {
    await this.inParts(keys, (part) => this.link.run('forget_claims', part, FORGOTTEN_MS));
  }

  /** Repeats the calls that the end of a connection interrupted. */
  onUp(): void {
    for (const open of [...this.openCalls]) this.send(open);
    for (const { look } of [...this.waiting]) look();
  }

  /** Renews the running claims from time to time. */
  async renew(): Promise<void> {
    const now = this.environment.monotonic();
    if (now - this.renewedAt < RENEW_AFTER_MS) return;
    this.renewedAt = now;
    await this.inParts([...this.running.keys()], (part) =>
      this.link.run('keep_claims', part, this.nodes.id, RUNNING_MS),
    );
  }

  /** Declares the running claims of this node lost, because it ends. */
  async leave(): Promise<void> {
    const lost = [...this.running].map(([key, { id }]) =>
      this.link.run('bury_claim', digestOf(key), this.nodes.id, id, this.windowMs),
    );
    await Promise.all(lost);
  }

  dispose(): void {
    this.isDisposed = true;
    for (const { end } of [...this.waiting]) end(disposedError());
    for (const { reject } of [...this.openCalls]) reject(disposedError());
    this.running.clear();
  }

  private take(key: string): RunningClaim {
    const claim = this.running.get(key);
    if (claim === undefined) throw notHeldError();
    this.running.delete(key);
    return claim;
  }

  private undo(stored: string, id: string): void {
    if (this.isDisposed) return;
    this.persist(RUNNING_MS, 'give_back_claim', stored, this.nodes.id, id).catch(() => undefined);
  }

  /** Makes a call, and repeats it while the server is out of reach and `forMs` has not passed. */
  private persist(forMs: number, ...call: readonly [name: string, ...values: unknown[]]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        timer.cancel();
        this.openCalls.delete(open);
        settle();
      };
      const open: OpenCall = {
        call,
        resolve: (reply) => end(() => resolve(reply)),
        reject: (error) => end(() => reject(error)),
      };
      const message = 'PostgreSQL was out of reach until the window of the claim ended.';
      const timer = this.environment.setTimer(() => open.reject(new BrokerError('unavailable', message)), forMs);
      this.openCalls.add(open);
      if (this.link.up) this.send(open);
    });
  }

  private send(open: OpenCall): void {
    const [name] = open.call;
    this.link.run(...open.call).then(
      ([row]) => open.resolve(row?.[name]),
      (error: Error) => {
        // The next connection repeats the call.
        if (this.link.up || this.isDisposed) open.reject(error);
      },
    );
  }

  /** Declares a claim lost if its node has ended. */
  private async bury(stored: string, node: string, id: string): Promise<boolean> {
    if (!(await this.nodes.hasEnded(node))) return false;
    await this.link.run('bury_claim', stored, node, id, this.windowMs);
    return true;
  }

  /** Resolves with the answer of an action that another caller runs. */
  private waitFor(stored: string, fingerprint: string): Promise<string> {
    const about = `C ${stored}`;
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const end = (settle: () => void): void => {
        timer?.cancel();
        this.waiting.delete(waiting);
        this.wakes.remove(about, look);
        settle();
      };
      const look = (): void => {
        if (!this.waiting.has(waiting)) return;
        timer?.cancel();
        timer = this.environment.setTimer(look, LOOK_MS);
        this.look(stored, fingerprint).then(
          (found) => {
            if (found === 'running' || !this.waiting.has(waiting)) return;
            end(() => (found === 'unclaimed' ? reject(unclaimedError()) : resolve(found.answer)));
          },
          // The next look makes up for one that fails.
          () => undefined,
        );
      };
      const waiting: Waiting = { look, end: (error) => end(() => reject(error)) };
      this.waiting.add(waiting);
      this.wakes.add(about, look);
      // The claim may have ended before this node waits for it.
      look();
    });
  }

  /** Tells the state of a claim, without claiming the key. */
  private async look(stored: string, fingerprint: string): Promise<'running' | 'unclaimed' | { answer: string }> {
    const [row] = await this.link.run('look_at_claim', stored, fingerprint);
    const reply = row?.look_at_claim as ClaimReply | null | undefined;
    if (reply?.[0] === 'settled') return { answer: reply[1]! };
    if (reply?.[0] !== 'running') return 'unclaimed';
    return (await this.bury(stored, reply[1]!, reply[2]!)) ? 'unclaimed' : 'running';
  }

  private async inParts(keys: readonly string[], call: (part: string) => Promise<unknown>): Promise<void> {
    const calls: Promise<unknown>[] = [];
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      calls.push(call(JSON.stringify(keys.slice(from, from + AT_ONCE).map(digestOf))));
    }
    await Promise.all(calls);
  }
}

function unclaimedError(): BrokerError {
  return new BrokerError('unclaimed', 'The holder of the claim gave it back, or ended.');
}

function notHeldError(): BrokerError {
  return new BrokerError('not_held', 'This node does not hold the claim.');
}
