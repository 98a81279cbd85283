import { setTimeout as wait } from 'node:timers/promises';

import type { Arm, ServerProcess } from './arms.js';
import type { LoadReport, LoadRole } from './load/load-role.js';
import { RemoteProcess } from './remote-process.js';
import type { RunLog } from './scenario.js';
import { loadProblemOf, problemOf } from './validation.js';

export interface Member {
  readonly arm: Arm;
  readonly server: ServerProcess;
  readonly port: number;
  /** Clients that are connected. */
  clients: number;
}

export interface Run {
  /** CPU of the server in µs. */
  readonly user: number;
  readonly system: number;
  readonly report: LoadReport;
}

/** Heartbeats may be under way when the last message arrives. Both sides are read again until they agree. */
const SETTLE_MS = 20;
const LOOKS = 10;

/** The servers of all arms of a scenario, all alive at the same time, and the process of their clients. */
export class Fleet {
  private constructor(
    readonly members: readonly Member[],
    readonly load: RemoteProcess<LoadRole>,
    private readonly log: RunLog,
  ) {}

  static async start(arms: readonly Arm[], log: RunLog): Promise<Fleet> {
    const present = arms.filter(({ name, missing }) => {
      const reason = missing();
      if (reason !== undefined) log.leaveOut(name, reason);
      return reason === undefined;
    });
    const load = RemoteProcess.start<LoadRole>('./load/load-role.js', {});
    const members = present.map(async (arm) => {
      const server = await arm.start();
      return { arm, server, port: await server.call('port'), clients: 0 };
    });
    return new Fleet(await Promise.all(members), await load, log);
  }

  /** Connects `count` more clients to each server. Every `timedEvery`-th measures latency. */
  async connect(count: number, { timedEvery = 0, topics = ['events'] as readonly string[] } = {}): Promise<void> {
    for (const member of this.members) await this.connectTo(member, count, { timedEvery, topics });
  }

  async connectTo(
    member: Member,
    count: number,
    { timedEvery = 0, topics = ['events'] as readonly string[] } = {},
  ): Promise<void> {
    const { arm, port } = member;
    await this.load.call('connect', { group: arm.name, dialect: arm.dialect, port, count, topics, timedEvery });
    member.clients += count;
  }

  async disconnect(member: Member): Promise<void> {
    await this.load.call('close', member.arm.name);
    member.clients = 0;
  }

  /**
   * Lets a server send, and waits until the clients have all. Returns undefined if the run does not count.
   *
   * @param readers clients that get each message. Default: all of the member.
   * @param hasOthers whether other clients get bytes from the server too, so that its bytes are not those of the readers.
   */
  async run(
    { arm, server, clients }: Member,
    metric: string,
    send: (server: ServerProcess) => Promise<{ readonly messages: number } | undefined>,
    { readers = clients, hasOthers = false } = {},
  ): Promise<Run | undefined> {
    const group = arm.name;
    const inFlight = hasOthers ? undefined : await this.settledInFlight({ arm, server });
    await this.load.call('reset', group);
    const before = await server.call('usage');
    const sent = await send(server);
    const messages = (sent?.messages ?? 0) * readers;
    const report = await this.load.call('received', { group, messages });
    const cpu = await server.call('usage');
    this.log.maxLoadShare = Math.max(this.log.maxLoadShare, report.cpuMs / report.wallMs);
    const problem =
      (await this.problemOf({ arm, server }, messages, inFlight)) ?? loadProblemOf(report.cpuMs, report.wallMs);
    if (problem !== undefined) {
      this.log.discard(arm.name, metric, problem);
      return undefined;
    }
    return { user: cpu.user - before.user, system: cpu.system - before.system, report };
  }

  async stop(): Promise<void> {
    await Promise.all([this.load.stop(), ...this.members.map(({ server }) => server.stop())]);
  }

  /** @param inFlight the bytes that were in flight before the run. Undefined: bytes are not compared. */
  private async problemOf(
    member: Pick<Member, 'arm' | 'server'>,
    messages: number,
    inFlight: number | undefined,
  ): Promise<string | undefined> {
    for (let look = 1; ; look += 1) {
      const received = await this.load.call('received', { group: member.arm.name, messages });
      const missing = inFlight === undefined ? 0 : (await this.inFlight(member)) - inFlight;
      const problem = problemOf({ messages, bytes: received.bytes + missing }, received);
      if (problem === undefined || look === LOOKS) return problem;
      await wait(SETTLE_MS);
    }
  }

  /** {@link inFlight} when it does not change any more. */
  private async settledInFlight(member: Pick<Member, 'arm' | 'server'>): Promise<number> {
    let last = await this.inFlight(member);
    for (let look = 1; look <= LOOKS; look += 1) {
      await wait(SETTLE_MS / 4);
      const next = await this.inFlight(member);
      if (next === last) return next;
      last = next;
    }
    return last;
  }

  /**
   * Bytes that the server has sent and the clients do not have. Servers that calculate their bytes leave out the
   * handshakes, so that only changes of this number mean something.
   */
  private async inFlight({ arm, server }: Pick<Member, 'arm' | 'server'>): Promise<number> {
    const { bytesWritten } = await server.call('usage');
    const { allBytes } = await this.load.call('received', { group: arm.name, messages: 0 });
    return bytesWritten - allBytes;
  }
}
