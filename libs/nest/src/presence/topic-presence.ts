import type { Json } from '@statewire/protocol';

import { BrokerError, type Broker } from '../core/broker.js';
import type { CallerContext } from '../core/realtime-request.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Counters, PresenceLeave } from '../core/counters.js';
import { memberKey, toPresenceMember } from './member-list.js';
import { Throttle } from './throttle.js';

/** Milliseconds until the next report after one that failed. */
const RETRY_INTERVAL_MS = 1_000;

/** The place of one client in one topic over one transport. Only the first of these calls has an effect. */
export interface PresenceHandle {
  /** The transport ended. The client may reconnect: it counts until the grace is over. */
  leave(): void;
  /** The client unsubscribed: it counts no longer. */
  end(): void;
}

export interface TopicPresenceOptions {
  /** Name of the topic that is followed. */
  readonly topic: string;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'error'>;
  /** Milliseconds between two reports to the broker. */
  readonly interval: number;
  /** Resolves with the info that readers see of a caller; undefined for none. Never rejects. */
  readonly describe: (caller: CallerContext) => Promise<Json | undefined>;
  /** Notifies the node that computes the presence topic of a change. Rejects with a `BrokerError`. */
  readonly notify: () => Promise<unknown>;
  /** Number of clients over all topics of the node. */
  readonly count: { clients: number };
  readonly counters: Pick<Counters, 'presenceJoins' | 'presenceLeaves'>;
  /** Called when no client is left and the broker has removed the members of this node. */
  readonly onEmpty: () => void;
}

/** A user, or a client without a user, that follows the topic over this node. */
interface NodeMember {
  readonly id: string;
  readonly key: string;
  readonly since: number;
  info: Json | undefined;
  described: boolean;
  /** Clients of the member that follow the topic, or are in their grace. */
  clients: number;
  /** Whether the broker may have it. */
  announced: boolean;
}

/** One client of one member that follows the topic. The key has both ids, because a client can claim any client id. */
interface Client {
  readonly id: string;
  readonly key: string;
  readonly member: NodeMember;
  /** Number of transports over which it follows the topic. */
  transports: number;
  /** End of its grace, in monotonic milliseconds. */
  until: number;
  timer: Timer | undefined;
}

/** The members of one topic on this node. Reports each change to the broker, and retries until the broker has it. */
export class TopicPresence {
  private readonly clients = new Map<string, Client>();
  /** Clients in their grace, by their ids. */
  private readonly away = new Map<string, Client>();
  private readonly members = new Map<string, NodeMember>();
  private changed = new Set<NodeMember>();
  private readonly reports: Throttle;
  private retry: Timer | undefined;
  /** Whether the node that computes the presence topic has not heard of the last reports. */
  private isNotificationDue = false;

  constructor(private readonly options: TopicPresenceOptions) {
    this.reports = new Throttle(options.environment, options.interval, () => this.report());
  }

  /** @param grace milliseconds for which the client counts after its transport ended. */
  enter(caller: CallerContext, grace: number): PresenceHandle {
    const client = this.clientOf(caller);
    client.transports += 1;
    this.endGrace(client);
    let over = false;
    const once = (work: () => void) => (): void => {
      if (over || this.clients.get(client.key) !== client) return;
      over = true;
      work();
    };
    return { leave: once(() => this.leave(client, grace)), end: once(() => this.remove(client, 'unsubscribed')) };
  }

  dispose(): void {
    this.reports.stop();
    this.retry?.cancel();
    for (const { timer } of this.clients.values()) timer?.cancel();
    this.clients.clear();
    this.away.clear();
    this.members.clear();
  }

  private clientOf(caller: CallerContext): Client {
    const id = caller.clientId;
    const ofMember = memberKey(caller);
    const key = clientKey(ofMember, id);
    const existing = this.clients.get(key);
    if (existing !== undefined) return existing;
    // After signing in or out the client is one member, not two. Signing in gives up the anonymous place, even if that
    // connection is silent and has not ended yet. The place of a user stays, because anybody could claim its client id.
    const anonymous = this.clients.get(clientKey(memberKey({ clientId: id, identity: undefined }), id));
    for (const former of new Set([this.away.get(id), anonymous])) {
      if (former !== undefined) this.remove(former, 'identity');
    }
    const member = this.members.get(ofMember) ?? this.memberOf(ofMember);
    const client: Client = { id, key, member, transports: 0, until: 0, timer: undefined };
    member.clients += 1;
    this.clients.set(key, client);
    this.options.count.clients += 1;
    this.options.counters.presenceJoins += 1;
    void this.describe(member, caller);
    return client;
  }

  private memberOf(key: string): NodeMember {
    const { environment } = this.options;
    const member: NodeMember = {
      id: environment.id(),
      key,
      since: environment.now(),
      info: undefined,
      described: false,
      clients: 0,
      announced: false,
    };
    this.members.set(key, member);
    return member;
  }

  /** A member is announced only after its info is known, so that readers do not see it arrive twice. */
  private async describe(member: NodeMember, caller: CallerContext): Promise<void> {
    const info = await this.options.describe(caller);
    if (this.members.get(member.key) !== member) return;
    if (member.described && JSON.stringify(info) === JSON.stringify(member.info)) return;
    member.info = info;
    member.described = true;
    this.change(member);
  }

  private leave(client: Client, grace: number): void {
    const { environment } = this.options;
    const now = environment.monotonic();
    client.transports -= 1;
    client.until = Math.max(client.until, now + grace);
    if (client.transports > 0) return;
    client.timer = environment.setTimer(() => this.remove(client, 'lost'), client.until - now);
    this.away.set(client.id, client);
  }

  private endGrace(client: Client): void {
    client.timer?.cancel();
    client.timer = undefined;
    if (this.away.get(client.id) === client) this.away.delete(client.id);
  }

  private remove(client: Client, cause: PresenceLeave): void {
    this.endGrace(client);
    this.clients.delete(client.key);
    this.options.count.clients -= 1;
    this.options.counters.presenceLeaves.add(cause);
    const { member } = client;
    member.clients -= 1;
    if (member.clients > 0) return;
    this.members.delete(member.key);
    this.change(member);
  }

  private change(member: NodeMember): void {
    this.changed.add(member);
    this.reports.request();
  }

  private async report(): Promise<void> {
    const changes = [...this.changed];
    this.changed.clear();
    try {
      const sent = await Promise.all(changes.map((member) => this.announce(member)));
      this.isNotificationDue ||= sent.includes(true);
    } catch (error) {
      for (const member of changes) this.changed.add(member);
      this.retryLater(error);
    }
    await this.notify();
    if (this.clients.size === 0 && this.changed.size === 0 && !this.isNotificationDue) this.options.onEmpty();
  }

  private async notify(): Promise<void> {
    if (!this.isNotificationDue) return;
    this.isNotificationDue = false;
    try {
      await this.options.notify();
    } catch (error) {
      // The node that computed the presence topic has ended. The next one reads the members when it starts.
      if (error instanceof BrokerError && error.code === 'no_answer') return;
      this.isNotificationDue = true;
      this.retryLater(error);
    }
  }

  private retryLater(error: unknown): void {
    const { environment, log, topic } = this.options;
    log.error('presence-report-failed', error, { topic });
    this.retry?.cancel();
    this.retry = environment.setTimer(() => this.reports.request(), RETRY_INTERVAL_MS);
  }

  /** @returns whether there was anything to report. */
  private async announce(member: NodeMember): Promise<boolean> {
    const { broker, topic } = this.options;
    const { id, key, since, info } = member;
    if (this.members.get(key) === member) {
      member.announced = true;
      await broker.join(topic, toPresenceMember({ id, key, since, ...(info === undefined ? {} : { info }) }));
      return true;
    }
    if (!member.announced) return false;
    await broker.leave(topic, id);
    return true;
  }
}

function clientKey(member: string, client: string): string {
  return `${member} ${client}`;
}
