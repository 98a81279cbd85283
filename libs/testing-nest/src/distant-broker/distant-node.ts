import { BrokerError, type Broker, type BrokerContext, type BrokerStatus, type Claim } from '@statewire/nest';
import type {
  ClaimOptions,
  Lease,
  NewPublication,
  PresenceMember,
  PublishOptions,
  ReadOptions,
  Release,
  TopicHistory,
  TopicMessage,
} from '@statewire/nest';
import type { Json, Position, TopicKind } from '@statewire/protocol';
import { BehaviorSubject } from 'rxjs';

import { BrokerLink } from './broker-link.js';
import type { DistantServer } from './distant-server.js';
import { NodeLeases } from './node-leases.js';
import { PendingCalls } from './pending-calls.js';
import { Session, type Welcome } from './session.js';

interface Subscription {
  readonly topic: string;
  readonly listener: (message: TopicMessage) => void;
  /** Whether the server has confirmed it. */
  isConfirmed: boolean;
  isInterrupted: boolean;
}

/** The broker of one node of a {@link DistantBroker}. `link` is the network between it and the server. */
export class DistantNode implements Broker {
  readonly name = 'distant';
  readonly isShared = true;
  readonly status = new BehaviorSubject<BrokerStatus>({ state: 'up' });
  /** The network between the node and the server, and its faults. */
  readonly link: BrokerLink;
  /** A private name: a walk over the objects of this process does not reach the server. */
  readonly #session: Session;
  private readonly calls: PendingCalls;
  private readonly leases: NodeLeases;
  private readonly subscriptions = new Map<number, Subscription>();
  private readonly ownMembers = new Map<string, Map<string, PresenceMember>>();
  private readonly answers = new Map<string, (message: Json) => Promise<Json>>();
  private lastSubscription = 0;
  private disposal: Promise<void> | undefined;

  /** @internal */
  constructor(
    server: DistantServer,
    private readonly context: BrokerContext,
    { latency, maxWaiting }: { readonly latency: number; readonly maxWaiting: number },
  ) {
    const { environment } = context;
    this.link = new BrokerLink(server.environment, environment, latency);
    this.#session = new Session(server, this.link, {
      receive: (id, message) => this.receive(id, message),
      answer: (leaseName, message) => this.answer(leaseName, message),
    });
    this.calls = new PendingCalls(environment, this.link, this.#session, maxWaiting);
    this.leases = new NodeLeases(environment, this.calls);
    this.link.attach({ onLost: () => this.pause(), onReachable: () => this.connect() });
    this.#session.accept(this.link.open()!);
  }

  /** The listeners, leases, claims and members that the server keeps for the node. */
  get holdings(): readonly string[] {
    return this.#session.holdings;
  }

  async publish(
    topic: string,
    { value: _value, ...publication }: NewPublication,
    options: PublishOptions = {},
  ): Promise<Position> {
    this.check();
    const { fence, only, startsEpoch } = options;
    const isReplaceable = publication.kind === 'state' && only === undefined && startsEpoch !== true;
    return this.calls.call((session) => session.publish(topic, publication, options), {
      topic,
      size: publication.data.length,
      isRecognized: true,
      ...(isReplaceable && { conflation: `fence ${fence}` }),
      ...(publication.kind === 'state' && { timeoutMs: 0 }),
    });
  }

  async listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release> {
    this.check();
    const id = ++this.lastSubscription;
    const subscription: Subscription = { topic, listener, isConfirmed: false, isInterrupted: false };
    this.subscriptions.set(id, subscription);
    try {
      const onResult = (): void => void (subscription.isConfirmed = true);
      await this.calls.call((session) => session.listen(id, topic), { onResult });
    } catch (error) {
      this.unlisten(id);
      throw error;
    }
    return async () => this.unlisten(id);
  }

  async read(topic: string, kind: TopicKind, options?: ReadOptions): Promise<TopicHistory> {
    this.check();
    return this.calls.call((session) => session.topics.read(topic, kind, options));
  }

  async replaceEpoch(
    topic: string,
    kind: TopicKind,
    expected: string,
    options?: { keep?: boolean },
  ): Promise<Position> {
    this.check();
    return this.calls.call((session) => session.topics.replaceEpoch(topic, kind, expected, options));
  }

  async close(topic: string): Promise<void> {
    this.check();
    return this.calls.call((session) => session.topics.close(topic));
  }

  async claim(key: string, fingerprint: string, options?: ClaimOptions): Promise<Claim> {
    this.check();
    const claim = await this.calls.call((session) => session.claim(key, fingerprint, options));
    if (claim.outcome === 'claimed') this.leases.hold(`claim ${key}`);
    if (claim.outcome !== 'running') return claim;
    const answer = this.calls.call((session) => session.answer(claim.waiter), { timeoutMs: 0 });
    // There may be no waiter, and an unhandled rejection would end the process.
    answer.catch(() => undefined);
    return { outcome: 'running', answer };
  }

  async settle(key: string, answer: string, windowMs: number): Promise<void> {
    this.check();
    const settled = this.calls.call((session) => session.settle(key, answer, windowMs), { timeoutMs: windowMs });
    await settled.finally(() => this.leases.drop(`claim ${key}`));
  }

  async unclaim(key: string): Promise<void> {
    this.check();
    await this.calls.call((session) => session.unclaim(key)).finally(() => this.leases.drop(`claim ${key}`));
  }

  async forget(keys: readonly string[]): Promise<void> {
    this.check();
    return this.calls.call((session) => session.forgetAnswers(keys));
  }

  async lease(name: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Lease | undefined> {
    this.check();
    return this.leases.lease(name, signal);
  }

  async request(leaseName: string, message: Json): Promise<Json | undefined> {
    this.check();
    try {
      return await this.calls.call((session) => session.request(leaseName, message));
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== 'unavailable') throw error;
      throw new BrokerError('no_answer', `The holder of the lease "${leaseName}" may not have got the request.`);
    }
  }

  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release {
    this.answers.set(leaseName, answer);
    return async () => {
      if (this.answers.get(leaseName) === answer) this.answers.delete(leaseName);
    };
  }

  async join(topic: string, member: PresenceMember): Promise<void> {
    this.check();
    const members = this.ownMembers.get(topic) ?? new Map<string, PresenceMember>();
    this.ownMembers.set(topic, members.set(member.id, member));
    this.leases.hold(`member ${topic} ${member.id}`);
    return this.calls.call((session) => session.join(topic, member));
  }

  async leave(topic: string, memberId: string): Promise<void> {
    this.check();
    const members = this.ownMembers.get(topic);
    members?.delete(memberId);
    if (members?.size === 0) this.ownMembers.delete(topic);
    this.leases.drop(`member ${topic} ${memberId}`);
    return this.calls.call((session) => session.leave(topic, memberId));
  }

  async members(topic: string): Promise<readonly PresenceMember[]> {
    this.check();
    return this.calls.call((session) => session.members(topic));
  }

  dispose(): Promise<void> {
    return (this.disposal ??= this.end());
  }

  /** @internal Ends the node without a word. Its calls stay without an answer. */
  crash(): void {
    this.disposal ??= Promise.resolve();
    this.link.close();
    this.subscriptions.clear();
    this.answers.clear();
    this.calls.end(undefined);
    this.leases.stop();
    this.#session.crash();
  }

  private async end(): Promise<void> {
    this.status.complete();
    this.subscriptions.clear();
    this.answers.clear();
    this.calls.end(disposedError());
    this.leases.loseAll();
    this.leases.stop();
    // A server that is out of reach frees everything when its time is over.
    if (this.status.value.state === 'up') {
      this.calls.restart();
      await this.calls.call((session) => session.end()).catch(() => undefined);
    }
    this.calls.end(disposedError());
    this.link.close();
  }

  private unlisten(id: number): void {
    if (!this.subscriptions.delete(id) || this.disposal !== undefined) return;
    // A new connection brings the topics of the node, so that a lost call does no harm.
    if (this.status.value.state === 'up') this.calls.call((session) => session.unlisten(id)).catch(() => undefined);
  }

  private receive(id: number, message: TopicMessage): void {
    const subscription = this.subscriptions.get(id);
    if (!subscription?.isConfirmed) return;
    if (message.type === 'closed') this.unlisten(id);
    this.deliver(subscription, message);
  }

  private deliver({ topic, listener }: Subscription, message: TopicMessage): void {
    try {
      listener(message);
    } catch (error) {
      this.context.log.error('topic-listener-failed', error, { topic });
    }
  }

  private async answer(leaseName: string, message: Json): Promise<Json | undefined> {
    return this.answers.get(leaseName)?.(message);
  }

  /** The connection was lost. */
  private pause(): void {
    this.calls.pause();
    if (this.disposal !== undefined) return this.calls.end(disposedError());
    if (this.status.value.state === 'up') {
      this.status.next({ state: 'away', since: this.context.environment.now() });
      for (const subscription of [...this.subscriptions.values()]) {
        if (!subscription.isConfirmed) continue;
        subscription.isInterrupted = true;
        this.deliver(subscription, { type: 'interrupted' });
      }
    }
    this.connect();
  }

  private connect(): void {
    const connection = this.link.open();
    if (connection === undefined) return;
    const topics = new Map([...this.subscriptions].map(([id, { topic }]) => [id, topic]));
    this.link.sendUp(() => {
      void this.#session.connect(connection, topics).then((welcome) => {
        this.link.sendDown(connection, () => this.resume(welcome));
      });
    });
  }

  private resume({ isForgotten, standings }: Welcome): void {
    if (this.disposal !== undefined) return;
    for (const [id, subscription] of [...this.subscriptions]) {
      const standing = standings.get(id);
      if (standing === undefined || !subscription.isInterrupted) continue;
      subscription.isInterrupted = false;
      if (standing === 'closed') this.subscriptions.delete(id);
      this.deliver(subscription, standing === 'closed' ? { type: 'closed' } : { type: 'resumed', ...standing });
    }
    this.status.next({ state: 'up' });
    this.calls.resume();
    if (isForgotten) this.joinAgain();
    this.leases.renewSoon();
  }

  private joinAgain(): void {
    for (const [topic, members] of this.ownMembers) {
      for (const member of members.values()) {
        this.calls.call((session) => session.join(topic, member)).catch(() => undefined);
      }
    }
  }

  private check(): void {
    if (this.disposal !== undefined) throw disposedError();
  }
}

function disposedError(): BrokerError {
  return new BrokerError('disposed', 'The broker was shut down.');
}
