import { BrokerError, type BrokerContext, type Claim, type ClaimOptions, type Timer } from '@statewire/nest';
import { disposedError, type Nodes } from '@statewire/nest/broker';

import type { Channels } from './channels.js';
import type { Keys } from './keys.js';
import type { RedisLink, ScriptCall } from './link.js';
import { claimScripts } from './scripts/claim-scripts.js';

/** Longest life of a running claim without a renewal. */
const RUNNING_MS = 600_000;
const RENEW_AFTER_MS = 120_000;
/** Time for which a claim of a forgotten key is `lost`. */
const FORGOTTEN_MS = 10_000;
/** Time between two looks of a waiting caller at the node that runs the action. */
const LOOK_MS = 1_000;
/** Longest time from a claim to its script, while calls wait for a server that is out of reach. */
const CALL_MARGIN_MS = 10_000;
/** Claims per call. */
const AT_ONCE = 256;

/** A claim of this node that runs. */
interface RunningClaim {
  readonly fingerprint: string;
  /** Tells the claims of one key by one node apart. */
  readonly id: string;
}

/** A call that is repeated while the server is out of reach. */
interface OpenCall {
  readonly call: ScriptCall;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A caller that waits for the answer of an action. */
interface Waiting {
  readonly look: () => void;
  readonly end: (error: Error) => void;
}

/** The claims of actions. */
export class Claims {
  private readonly running = new Map<string, RunningClaim>();
  private readonly openCalls = new Set<OpenCall>();
  private readonly waiting = new Set<Waiting>();
  private renewedAt: number;
  private count = 0;
  private isDisposed = false;

  constructor(
    private readonly nodes: Nodes,
    private readonly link: Pick<RedisLink, 'run' | 'isUp'>,
    private readonly keys: Keys,
    private readonly channels: Channels,
    private readonly environment: BrokerContext['environment'],
    private readonly windowMs: number,
  ) {
    this.renewedAt = environment.monotonic();
  }

  get size(): number {
    return this.running.size + this.openCalls.size + this.waiting.size;
  }

  async claim(key: string, fingerprint: string, options: ClaimOptions = {}): Promise<Claim> {
    const id = String((this.count += 1));
    const again = options.again === true ? 'again' : '';
    // A lineage that is younger than the action may have lost its claim.
    const doubtfulMs = options.ageMs === undefined ? this.windowMs : Math.ceil(options.ageMs) + CALL_MARGIN_MS;
    const attempt = async (): Promise<[string, string?, string?]> => {
      const args = [fingerprint, this.nodes.id, id, again, String(doubtfulMs), String(RUNNING_MS)];
      return (await this.link.run(this.call('claim', key, args))) as [string, string?, string?];
    };
    let reply: [string, string?, string?];
    try {
      reply = await attempt();
    } catch (error) {
      // The server may have stored the claim, and the caller will not run the action.
      if (!(error instanceof BrokerError && error.code === 'full')) this.undo(key, id);
      throw error;
    }
    switch (reply[0]) {
      case 'claimed':
        this.running.set(key, { fingerprint, id });
        return { outcome: 'claimed' };
      case 'settled':
        return { outcome: 'settled', answer: reply[1]! };
      case 'running': {
        if (await this.bury(key, reply[1]!, reply[2]!)) return { outcome: 'lost' };
        const answer = this.waitFor(key, fingerprint);
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
    const call = this.call('settle', key, [fingerprint, this.nodes.id, id, answer, String(Math.max(1, windowMs))]);
    const reply = await this.persist(call, windowMs);
    if (reply === 'NOT_HELD') throw notHeldError();
  }

  async unclaim(key: string): Promise<void> {
    const { id } = this.take(key);
    await this.persist(this.call('unclaim', key, [this.nodes.id, id]), this.windowMs);
  }

  async forget(keys: readonly string[]): Promise<void> {
    await this.inPartitions(keys, 'forget', [String(FORGOTTEN_MS)]);
  }

  /** Repeats the calls that the end of a connection interrupted. */
  onUp(partitions: readonly number[]): void {
    for (const open of [...this.openCalls]) if (partitions.includes(open.call.partition)) this.send(open);
    for (const { look } of [...this.waiting]) look();
  }

  /** Renews the running claims from time to time. */
  async renew(): Promise<void> {
    const now = this.environment.monotonic();
    if (now - this.renewedAt < RENEW_AFTER_MS) return;
    this.renewedAt = now;
    await this.inPartitions([...this.running.keys()], 'keep', [this.nodes.id, String(RUNNING_MS)]);
  }

  /** Declares the running claims of this node lost, because it ends. */
  async leave(): Promise<void> {
    const lost = [...this.running].map(([key, { id }]) =>
      this.link.run(this.call('bury', key, [this.nodes.id, id, String(this.windowMs)])),
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

  private undo(key: string, id: string): void {
    if (this.isDisposed) return;
    this.persist(this.call('unclaim', key, [this.nodes.id, id]), RUNNING_MS).catch(() => undefined);
  }

  private call(script: keyof typeof claimScripts, key: string, args: readonly string[]): ScriptCall {
    const { partition, key: stored } = this.keys.claim(key);
    return { script: claimScripts[script], partition, keys: [stored], args };
  }

  /** Makes a call, and repeats it while the server is out of reach and `forMs` has not passed. */
  private persist(call: ScriptCall, forMs: number): Promise<unknown> {
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
      const message = 'Redis was out of reach until the window of the claim ended.';
      const timer = this.environment.setTimer(() => open.reject(new BrokerError('unavailable', message)), forMs);
      this.openCalls.add(open);
      if (this.link.isUp(call.partition)) this.send(open);
    });
  }

  private send(open: OpenCall): void {
    this.link.run(open.call).then(open.resolve, (error: Error) => {
      // The next connection repeats the call.
      if (this.link.isUp(open.call.partition) || this.isDisposed) open.reject(error);
    });
  }

  /** Declares a claim lost if its node has ended. */
  private async bury(key: string, node: string, id: string): Promise<boolean> {
    if (!(await this.nodes.hasEnded(node))) return false;
    await this.link.run(this.call('bury', key, [node, id, String(this.windowMs)]));
    return true;
  }

  /** Resolves with the answer of an action that another caller runs. */
  private waitFor(key: string, fingerprint: string): Promise<string> {
    const { partition, key: channel } = this.keys.claim(key);
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const end = (settle: () => void): void => {
        timer?.cancel();
        this.waiting.delete(waiting);
        this.channels.remove(channel, onMessage);
        settle();
      };
      const onMessage = (message: string): void => {
        const at = message.indexOf('\n');
        const type = message.slice(0, at);
        if (type === 'settled') end(() => resolve(message.slice(at + 1)));
        else if (type === 'unclaimed') end(() => reject(unclaimedError()));
      };
      const look = (): void => {
        if (!this.waiting.has(waiting)) return;
        timer?.cancel();
        timer = this.environment.setTimer(look, LOOK_MS);
        this.look(key, fingerprint).then(
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
      // Looks after it listens, so that it misses no end.
      this.channels.add(partition, channel, onMessage).then(look, look);
    });
  }

  /** Tells the state of a claim, without claiming the key. */
  private async look(key: string, fingerprint: string): Promise<'running' | 'unclaimed' | { answer: string }> {
    const reply = (await this.link.run(this.call('look', key, [fingerprint]))) as [string, string?, string?];
    if (reply[0] === 'settled') return { answer: reply[1]! };
    if (reply[0] !== 'running') return 'unclaimed';
    return (await this.bury(key, reply[1]!, reply[2]!)) ? 'unclaimed' : 'running';
  }

  private async inPartitions(keys: readonly string[], script: 'forget' | 'keep', args: string[]): Promise<void> {
    const byPartition = new Map<number, string[]>();
    for (const key of keys) {
      const { partition, key: stored } = this.keys.claim(key);
      const group = byPartition.get(partition) ?? [];
      byPartition.set(partition, group);
      group.push(stored);
    }
    const calls: Promise<unknown>[] = [];
    for (const [partition, stored] of byPartition) {
      for (let from = 0; from < stored.length; from += AT_ONCE) {
        const some = stored.slice(from, from + AT_ONCE);
        calls.push(this.link.run({ script: claimScripts[script], partition, keys: some, args }));
      }
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
