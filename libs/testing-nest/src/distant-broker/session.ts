import { BrokerError } from '@statewire/nest';
import type { Claim, ClaimOptions, LivePublication, Release, Timer, TopicMessage } from '@statewire/nest';
import type { Json, Position } from '@statewire/protocol';

import type { BrokerLink } from './broker-link.js';
import type { DistantServer } from './distant-server.js';
import { SessionLeases } from './session-leases.js';

/** Milliseconds after which the server counts a silent node as ended. */
const NODE_TIMEOUT_MS = 15_000;

/** Messages from the server to a node. */
export interface NodeEnd {
  receive(subscription: number, message: TopicMessage): void;
  answer(leaseName: string, message: Json): Promise<Json | undefined>;
}

/** Where a topic stands after an outage. */
type Standing = { readonly position: Position; readonly id: string } | 'closed';

/** What a node knows after it connected again. */
export interface Welcome {
  /** Whether the server forgot the node, so that its members are gone. */
  readonly isForgotten: boolean;
  readonly standings: ReadonlyMap<number, Standing>;
}

interface ServerSubscription {
  readonly topic: string;
  release: Promise<Release>;
  isClosed: boolean;
}

type DistantClaim = Exclude<Claim, { outcome: 'running' }> | { readonly outcome: 'running'; readonly waiter: number };

/** The data that the server keeps for one node. A node calls its methods over the link. */
export class Session {
  private connection = 0;
  private readonly results = new Map<number, Promise<unknown>>();
  private readonly subscriptions = new Map<number, ServerSubscription>();
  /** The leases of the node. */
  readonly leases: SessionLeases;
  private readonly waiters = new Map<number, Promise<string>>();
  private lastWaiter = 0;
  private silence: Timer | undefined;
  private isForgotten = false;
  /** Whether a call of the node runs right now. */
  private isRunning = false;

  constructor(
    private readonly server: DistantServer,
    private readonly link: BrokerLink,
    private readonly node: NodeEnd,
  ) {
    this.leases = new SessionLeases(server, this);
    server.sessions.add(this);
  }

  /** The data that the server keeps for the node, for tests. */
  get holdings(): readonly string[] {
    return [
      ...[...this.subscriptions.values()].map(({ topic }) => `listener ${topic}`),
      ...this.leases.holdings,
      ...this.server.claimsOf(this).map((key) => `claim ${key}`),
      ...this.server.membersOf(this).map(([topic, id]) => `member ${topic} ${id}`),
    ];
  }

  /**
   * Runs a call and sends its outcome on the current connection.
   *
   * @param number of the call; a second copy gets the outcome of the first. Undefined: the call recognizes a copy.
   * @param oldest the oldest call that the node has no answer for. The outcomes of earlier ones are forgotten.
   */
  run(
    number: number | undefined,
    oldest: number,
    call: (session: Session) => Promise<unknown>,
    reply: (outcome: PromiseSettledResult<unknown>) => void,
  ): void {
    this.touch();
    for (const known of this.results.keys()) if (known < oldest) this.results.delete(known);
    this.isRunning = true;
    const result = (number === undefined ? undefined : this.results.get(number)) ?? call(this);
    this.isRunning = false;
    if (number !== undefined) this.results.set(number, result);
    const send = (outcome: PromiseSettledResult<unknown>): void => {
      this.link.sendDown(this.connection, () => reply(outcome));
    };
    result.then(
      (value) => send({ status: 'fulfilled', value }),
      (reason: unknown) => send({ status: 'rejected', reason }),
    );
    this.link.afterCall();
  }

  /** The node starts. */
  accept(connection: number): void {
    this.connection = connection;
  }

  /** The node has connected again. `topics` are those that it listens to. */
  async connect(connection: number, topics: ReadonlyMap<number, string>): Promise<Welcome> {
    this.connection = connection;
    this.touch();
    const { isForgotten } = this;
    this.isForgotten = false;
    const standings = new Map<number, Standing | Promise<Standing>>();
    for (const id of this.subscriptions.keys()) if (!topics.has(id)) void this.unlisten(id);
    for (const [id, topic] of topics) {
      if (this.subscriptions.get(id)?.isClosed) {
        this.subscriptions.delete(id);
        standings.set(id, 'closed');
        continue;
      }
      void this.listen(id, topic);
      const { memory } = this.server;
      const read = memory.read(topic, 'events');
      standings.set(
        id,
        read.then(({ epoch, offset, id: newest }) => ({ position: { epoch, offset }, id: newest })),
      );
    }
    const known = await Promise.all([...standings].map(async ([id, standing]) => [id, await standing] as const));
    return { isForgotten, standings: new Map(known) };
  }

  async listen(id: number, topic: string): Promise<void> {
    if (!this.subscriptions.has(id)) {
      const subscription = { topic, isClosed: false, release: this.subscribe(id, topic) };
      this.subscriptions.set(id, subscription);
    }
    await this.subscriptions.get(id)?.release;
  }

  async unlisten(id: number): Promise<void> {
    const subscription = this.subscriptions.get(id);
    this.subscriptions.delete(id);
    await (
      await subscription?.release
    )?.();
  }

  /** Listens again to a topic that was made again. */
  listenAgain(topic: string): void {
    for (const [id, subscription] of this.subscriptions) {
      if (subscription.topic === topic) subscription.release = this.subscribe(id, topic);
    }
  }

  publish(...call: Parameters<DistantServer['publish']>): Promise<Position> {
    return this.server.publish(...call);
  }

  get topics(): DistantServer['topics'] {
    return this.server.topics;
  }

  async claim(key: string, fingerprint: string, options?: ClaimOptions): Promise<DistantClaim> {
    const claim = await this.server.claim(this, key, fingerprint, options);
    this.touch();
    if (claim.outcome !== 'running') return claim;
    const waiter = ++this.lastWaiter;
    const answer = claim.answer.catch((cause: unknown) => {
      throw new BrokerError('unclaimed', 'The action ended without an answer. Claim it again.', { cause });
    });
    answer.catch(() => undefined);
    this.waiters.set(waiter, answer);
    return { outcome: 'running', waiter };
  }

  async answer(waiter: number): Promise<string> {
    const answer = this.waiters.get(waiter);
    if (answer === undefined) throw new BrokerError('unclaimed', 'The server forgot the claim. Claim it again.');
    return answer.finally(() => this.waiters.delete(waiter));
  }

  async settle(key: string, answer: string, windowMs: number): Promise<void> {
    await this.server.settle(this, key, answer, windowMs);
  }

  async unclaim(key: string): Promise<void> {
    await this.server.unclaim(this, key);
  }

  async forgetAnswers(keys: readonly string[]): Promise<void> {
    await this.server.memory.forget(keys);
  }

  async request(leaseName: string, message: Json): Promise<Json | undefined> {
    return this.server.request(leaseName, message);
  }

  /** Asks the node. The answer may never come. */
  ask(leaseName: string, message: Json, reply: (outcome: PromiseSettledResult<Json | undefined>) => void): void {
    const send = (outcome: PromiseSettledResult<Json | undefined>): void => this.link.sendUp(() => reply(outcome));
    this.link.sendDown(this.connection, () => {
      this.node.answer(leaseName, message).then(
        (value) => send({ status: 'fulfilled', value }),
        (reason: unknown) => send({ status: 'rejected', reason }),
      );
    });
  }

  async join(topic: string, member: { readonly id: string; readonly info: Json }): Promise<void> {
    this.server.join(this, topic, member);
    this.touch();
  }

  async leave(topic: string, memberId: string): Promise<void> {
    this.server.leave(this, topic, memberId);
  }

  async members(topic: string): Promise<ReturnType<DistantServer['members']>> {
    return this.server.members(topic);
  }

  /** The node ends, and frees everything. */
  async end(): Promise<void> {
    this.crash();
    this.silence?.cancel();
    this.expire();
    await this.leases.releaseAll();
    this.server.sessions.delete(this);
  }

  /** The process of the node has ended. What it holds is free when its time is over. */
  crash(): void {
    for (const id of [...this.subscriptions.keys()]) void this.unlisten(id);
    this.leases.stopWaiting();
  }

  /** The server has lost everything. */
  forget(): void {
    this.results.clear();
    this.waiters.clear();
    this.leases.forget();
    this.isForgotten = true;
    for (const [id, subscription] of this.subscriptions) subscription.release = this.subscribe(id, subscription.topic);
  }

  /** The node is there. The server waits for its next sign of life if it keeps something for it. */
  private touch(): void {
    this.silence?.cancel();
    this.silence = undefined;
    if (this.server.claimsOf(this).length === 0 && this.server.membersOf(this).length === 0) return;
    this.silence = this.server.environment.setTimer(() => this.expire(), NODE_TIMEOUT_MS);
  }

  private expire(): void {
    this.isForgotten = true;
    this.results.clear();
    this.server.loseClaims(this);
    for (const [topic, id] of this.server.membersOf(this)) this.server.leave(this, topic, id);
  }

  private subscribe(id: number, topic: string): Promise<Release> {
    return this.server.memory.listen(topic, (message) => {
      if (this.server.isReplaying) return;
      const subscription = this.subscriptions.get(id);
      if (message.type === 'closed' && subscription !== undefined) {
        subscription.isClosed = true;
        void subscription.release.then((release) => release());
      }
      const sent = atDistance(message);
      this.link.sendMessage(this.connection, this.isRunning, () => this.node.receive(id, sent));
    });
  }
}

/** Returns a message as another process gets it: without the parsed value, and with the delta alone if there is one. */
function atDistance(message: TopicMessage): TopicMessage {
  if (message.type === 'publication') return { type: 'publication', publication: withoutValue(message.publication) };
  if (message.type === 'epoch' && message.first !== undefined)
    return { ...message, first: withoutValue(message.first) };
  return message;
}

function withoutValue({ value: _value, data, ...publication }: LivePublication): LivePublication {
  return publication.delta === undefined && data !== undefined ? { ...publication, data } : publication;
}
