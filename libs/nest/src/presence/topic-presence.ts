import type { Json } from '@statewire/protocol';

import type { Broker } from '../core/broker.js';
import type { CallerContext } from '../core/realtime-request.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Counters, PresenceLeave } from '../core/counters.js';
import type { PresenceHandle } from './presence-handle.js';
import { memberKey, toPresenceMember } from './member-record.js';
import { Throttle } from './throttle.js';

/** How long to wait (ms) after the broker could not be told. */
const RETRY_INTERVAL = 1_000;

export interface TopicAttendanceOptions {
  /** Name of the topic that is followed. */
  readonly topic: string;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'error'>;
  /** Milliseconds between two reports to the broker. */
  readonly interval: number;
  /** What is shown of a caller; undefined for nothing. Never rejects. */
  readonly describe: (caller: CallerContext) => Promise<Json | undefined>;
  /** Tells whoever computes the presence topic that something changed. */
  readonly notify: () => Promise<unknown>;
  /** Clients that are counted, over all topics of the node. */
  readonly count: { clients: number };
  readonly counters: Pick<Counters, 'presenceJoins' | 'presenceLeaves'>;
  /** Called when nobody is left and the broker knows. */
  readonly onEmpty: () => void;
}

/** A user, or a client without one, that follows the topic over this node. */
interface Member {
  readonly id: string;
  readonly key: string;
  readonly since: number;
  info: Json | undefined;
  described: boolean;
  /** Clients of the member that follow the topic, or are in their grace. */
  clients: number;
  /** Whether the broker may know it. */
  told: boolean;
}

/** One client that follows the topic for one member: nobody but the client itself vouches for its id. */
interface Client {
  readonly id: string;
  readonly key: string;
  readonly member: Member;
  /** Transports it follows the topic over. */
  transports: number;
  /** When its grace is over, by the monotonic clock. */
  until: number;
  timer: Timer | undefined;
}

/** Who follows one topic over this node. What changes is told to the broker soon, and again until the broker has it. */
export class TopicPresence {
  private readonly clients = new Map<string, Client>();
  /** Clients in their grace, by their ids. */
  private readonly away = new Map<string, Client>();
  private readonly members = new Map<string, Member>();
  private changed = new Set<Member>();
  private readonly reports: Throttle;
  private retry: Timer | undefined;

  constructor(private readonly options: TopicAttendanceOptions) {
    this.reports = new Throttle(options.environment, options.interval, () => this.report());
  }

  /** @param grace milliseconds that the client still counts after it left. */
  enter(caller: CallerContext, grace: number): PresenceHandle {
    const client = this.clientOf(caller);
    client.transports += 1;
    this.stay(client);
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
    const known = this.clients.get(key);
    if (known !== undefined) return known;
    // Somebody signed in or out: the client is one of them, not both. Who signs in gives up the place it had before, also
    // where that line is silent and has not ended yet. A user keeps its place: anybody could name its client.
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

  private memberOf(key: string): Member {
    const { environment } = this.options;
    const member: Member = {
      id: environment.id(),
      key,
      since: environment.now(),
      info: undefined,
      described: false,
      clients: 0,
      told: false,
    };
    this.members.set(key, member);
    return member;
  }

  /** Nobody is told of a member before it is known what may be shown of it, so that it does not come in twice. */
  private async describe(member: Member, caller: CallerContext): Promise<void> {
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

  private stay(client: Client): void {
    client.timer?.cancel();
    client.timer = undefined;
    if (this.away.get(client.id) === client) this.away.delete(client.id);
  }

  private remove(client: Client, cause: PresenceLeave): void {
    this.stay(client);
    this.clients.delete(client.key);
    this.options.count.clients -= 1;
    this.options.counters.presenceLeaves.add(cause);
    const { member } = client;
    member.clients -= 1;
    if (member.clients > 0) return;
    this.members.delete(member.key);
    this.change(member);
  }

  private change(member: Member): void {
    this.changed.add(member);
    this.reports.ask();
  }

  private async report(): Promise<void> {
    const { environment, log, notify, topic } = this.options;
    const changes = [...this.changed];
    this.changed.clear();
    try {
      const told = await Promise.all(changes.map((member) => this.tell(member)));
      if (told.includes(true)) await notify();
    } catch (error) {
      log.error('presence not told', error, { topic });
      for (const member of changes) this.changed.add(member);
      this.retry?.cancel();
      this.retry = environment.setTimer(() => this.reports.ask(), RETRY_INTERVAL);
    }
    if (this.clients.size === 0 && this.changed.size === 0) this.options.onEmpty();
  }

  /** @returns whether there was anything to tell. */
  private async tell(member: Member): Promise<boolean> {
    const { broker, topic } = this.options;
    const { id, key, since, info } = member;
    if (this.members.get(key) === member) {
      member.told = true;
      await broker.join(topic, toPresenceMember({ id, key, since, ...(info === undefined ? {} : { info }) }));
      return true;
    }
    if (!member.told) return false;
    await broker.leave(topic, id);
    return true;
  }
}

function clientKey(member: string, client: string): string {
  return `${member} ${client}`;
}
