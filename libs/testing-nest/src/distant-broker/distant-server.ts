import {
  BrokerError,
  memoryBroker,
  topicLease,
  type Broker,
  type BrokerContext,
  type Environment,
} from '@statewire/nest';
import type { Claim, ClaimOptions, Lease, NewPublication, PresenceMember, PublishOptions } from '@statewire/nest';
import type { Json, Position } from '@statewire/protocol';

import { RecordedTopics, ReplayEnvironment } from './recorded-topics.js';
import type { Session } from './session.js';

/** Milliseconds that the holder of a lease has to answer a request. */
const REQUEST_TIMEOUT_MS = 4_000;

/** A lease that the server has granted to a node. */
export interface GrantedLease {
  readonly name: string;
  readonly session: Session;
  /** Token that the node knows. */
  readonly token: number;
  /** Lease of the memory broker. Its token may begin again after a flush. */
  readonly lease: Lease;
}

/** The data of a cluster: a memory broker, and what belongs to which node. */
export class DistantServer {
  readonly sessions = new Set<Session>();
  /** Whether a topic is being made again. Then its listeners hear nothing of it. */
  isReplaying = false;
  topics: RecordedTopics;
  memory: Broker;
  private readonly replay: ReplayEnvironment;
  private readonly granted = new Map<string, GrantedLease>();
  private readonly owners = new Map<string, Session>();
  /** Keys of actions whose node ended, with the time until which they are lost. */
  private readonly lost = new Map<string, number>();
  private readonly presence = new Map<
    string,
    Map<string, { readonly session: Session; readonly member: PresenceMember }>
  >();
  private lastToken = 0;

  constructor(
    readonly environment: Environment,
    private readonly context: BrokerContext,
  ) {
    this.replay = new ReplayEnvironment(environment);
    [this.memory, this.topics] = this.start();
  }

  publish(topic: string, publication: NewPublication, { fence, ...options }: PublishOptions = {}): Promise<Position> {
    if (fence === undefined) return this.topics.publish(topic, publication, options);
    const granted = this.granted.get(topicLease(topic));
    return this.topics.publish(topic, publication, {
      ...options,
      fence: granted?.token === fence ? granted.lease.token : -1,
    });
  }

  async claim(session: Session, key: string, fingerprint: string, options: ClaimOptions = {}): Promise<Claim> {
    const now = this.environment.monotonic();
    if ((this.lost.get(key) ?? 0) > now) return { outcome: 'lost' };
    const claim = await this.memory.claim(key, fingerprint, options);
    if (claim.outcome === 'claimed') this.owners.set(key, session);
    return claim;
  }

  async settle(session: Session, key: string, answer: string, windowMs: number): Promise<void> {
    this.disown(session, key);
    await this.memory.settle(key, answer, windowMs);
  }

  async unclaim(session: Session, key: string): Promise<void> {
    this.disown(session, key);
    await this.memory.unclaim(key);
  }

  /** Number of running actions of a node. */
  claimsOf(session: Session): readonly string[] {
    return [...this.owners].filter(([, owner]) => owner === session).map(([key]) => key);
  }

  /** The node ended while it ran these actions. */
  loseClaims(session: Session): void {
    const now = this.environment.monotonic();
    for (const [key, until] of this.lost) if (until <= now) this.lost.delete(key);
    for (const key of this.claimsOf(session)) {
      this.owners.delete(key);
      this.lost.set(key, now + this.context.actionWindowMs);
      this.memory.unclaim(key)?.catch(() => undefined);
    }
  }

  grant(session: Session, lease: Lease): GrantedLease {
    const token = (this.lastToken = Math.max(this.lastToken + 1, lease.token));
    const granted: GrantedLease = { name: lease.name, session, token, lease };
    this.granted.set(lease.name, granted);
    return granted;
  }

  async release(granted: GrantedLease): Promise<void> {
    if (this.granted.get(granted.name) === granted) this.granted.delete(granted.name);
    await granted.lease.release();
  }

  request(leaseName: string, message: Json): Promise<Json | undefined> {
    const holder = this.granted.get(leaseName)?.session;
    if (holder === undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const fail = (cause?: unknown): void => {
        reject(new BrokerError('no_answer', `The holder of the lease "${leaseName}" did not answer.`, { cause }));
      };
      const deadline = this.environment.setTimer(fail, REQUEST_TIMEOUT_MS);
      holder.ask(leaseName, message, (outcome) => {
        deadline.cancel();
        if (outcome.status === 'fulfilled') resolve(outcome.value);
        else fail(outcome.reason);
      });
    });
  }

  join(session: Session, topic: string, member: PresenceMember): void {
    const members = this.presence.get(topic) ?? new Map<string, { session: Session; member: PresenceMember }>();
    this.presence.set(topic, members);
    members.delete(member.id);
    members.set(member.id, { session, member });
  }

  leave(session: Session, topic: string, memberId: string): void {
    const members = this.presence.get(topic);
    if (members?.get(memberId)?.session === session) members.delete(memberId);
    if (members?.size === 0) this.presence.delete(topic);
  }

  members(topic: string): readonly PresenceMember[] {
    return [...(this.presence.get(topic)?.values() ?? [])].map(({ member }) => member);
  }

  /** Topics and ids of the members of a node. */
  membersOf(session: Session): readonly (readonly [topic: string, memberId: string])[] {
    return [...this.presence].flatMap(([topic, members]) =>
      [...members.values()].flatMap(({ session: owner, member }) =>
        owner === session ? [[topic, member.id] as const] : [],
      ),
    );
  }

  async rollBack(topic: string, offset: number): Promise<void> {
    const work = this.silently(() =>
      this.topics.rollBack(topic, offset, this.granted.get(topicLease(topic))?.lease.token),
    );
    for (const session of this.sessions) session.listenAgain(topic);
    await work;
  }

  /** Loses everything. */
  flush(): void {
    this.silently(() => void this.memory.dispose());
    [this.memory, this.topics] = this.start();
    this.granted.clear();
    this.owners.clear();
    this.lost.clear();
    this.presence.clear();
    for (const session of this.sessions) session.forget();
  }

  async dispose(): Promise<void> {
    for (const session of [...this.sessions]) await session.end();
    await this.memory.dispose();
  }

  private start(): [Broker, RecordedTopics] {
    const memory = memoryBroker()({ ...this.context, environment: this.replay });
    return [memory, new RecordedTopics(memory, this.replay)];
  }

  private silently<T>(work: () => T): T {
    this.isReplaying = true;
    try {
      return work();
    } finally {
      this.isReplaying = false;
    }
  }

  private disown(session: Session, key: string): void {
    if (this.owners.get(key) !== session) {
      throw new BrokerError('not_held', 'This node does not run the action. Only the node that claimed it can end it.');
    }
    this.owners.delete(key);
  }
}
