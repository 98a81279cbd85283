import { VirtualEnvironment } from '@statewire/testing';
import type { AckFrame, ErrorFrame, ServerFrame } from '@statewire/protocol';

import { SharedFrameLimits } from '../../src/rate-limiting/rate-limiter.js';
import type { Admission } from '../../src/admission/request-admission.js';
import type { ReceivedRequest } from '../../src/core/incoming-request.js';
import { ConnectionHub } from '../../src/websocket/connection-hub.js';
import { ConnectionLimits } from '../../src/rate-limiting/connection-limits.js';
import type { Connection } from '../../src/websocket/connection.js';
import type { UpgradeContext } from '../../src/websocket/upgrade-authorizer.js';
import { Revocations } from '../../src/admission/revocations.js';
import type { CallerContext, Identity } from '../../src/core/realtime-request.js';
import type { Invocation, RequestDispatcher } from '../../src/handlers/dispatcher.js';
import { InFlight } from '../../src/core/action-context.js';
import type { MaybePromise } from '../../src/core/maybe-promise.js';
import { OutdatedClients } from '../../src/core/outdated-clients.js';
import { RealtimeLog } from '../../src/core/realtime-log.js';
import { Counters } from '../../src/core/counters.js';
import type { RealtimeModuleOptions } from '../../src/core/options.js';
import { resolveOptions } from '../../src/core/resolve-options.js';
import { FlushScheduler } from '../../src/delivery/flush-scheduler.js';
import type { ResolvedTopic } from '../../src/topics/topic-loader.js';
import { FakeConnectionSocket } from './fake-connection-socket.js';
import { FakeTopics } from './fake-topics.js';

export const CLIENT_ID = 'client-0123456789abcdef';

const RECEIVED: ReceivedRequest = {
  headers: {},
  cookies: {},
  ip: '203.0.113.7',
  network: '203.0.113.7',
  origin: undefined,
  bearer: undefined,
  cookieToken: undefined,
};

/** One connection on virtual time, with a fake socket and a scripted application. */
export class ConnectionRig {
  readonly environment = new VirtualEnvironment();
  readonly socket = new FakeConnectionSocket();
  readonly topics = new FakeTopics();
  readonly inFlight = new InFlight();
  readonly counters = new Counters();
  readonly revocations: Revocations;
  readonly logged: string[] = [];
  /** The ids in `answered` that the connection passed on, with the user. */
  readonly forgotten: { readonly answered: readonly string[]; readonly user: string | undefined }[] = [];
  readonly log: RealtimeLog;
  readonly hub: ConnectionHub;
  readonly limits: ConnectionLimits;
  readonly connection: Connection;

  /** The application. A test may replace each function. */
  identify: (token: string | undefined) => Promise<Identity | undefined> = (token) =>
    Promise.resolve(token === undefined ? undefined : { id: token, user: token });
  admit: (caller: CallerContext) => Promise<void> = () => Promise.resolve();
  authorize: (topic: string, caller: CallerContext) => Promise<void> = () => Promise.resolve();
  act: (invocation: Invocation, caller: CallerContext) => MaybePromise<AckFrame | ErrorFrame> = ({ id }) =>
    Promise.resolve({ type: 'ack', id });

  constructor(options: RealtimeModuleOptions = {}, upgrade: { identity?: Identity } = {}) {
    const resolved = resolveOptions(options, this.environment);
    const write = (line: string): void => void this.logged.push(line);
    this.log = new RealtimeLog({ debug: write, log: write, warn: write, error: write }, this.environment);
    this.revocations = new Revocations(this.environment, resolved.limits.timeouts.authenticationMs);
    this.hub = new ConnectionHub({
      options: resolved,
      environment: this.environment,
      admission: this.admission(),
      dispatcher: this.dispatcher(),
      topics: this.topics,
      inFlight: this.inFlight,
      revocations: this.revocations,
      counters: this.counters,
      outdated: new OutdatedClients(resolved.minContract, this.environment, this.log),
      frameLimits: new SharedFrameLimits(resolved.limits.frames, this.environment),
      log: this.log,
      outbox: {
        softMark: resolved.limits.outbox.softMarkBytes,
        hardMark: resolved.limits.outbox.hardMarkBytes,
        stalledTimeout: resolved.limits.timeouts.stalledMs,
        environment: this.environment,
        counters: this.counters,
        scheduler: new FlushScheduler(this.environment),
      },
    });
    this.limits = new ConnectionLimits(resolved.limits.connections, this.environment);
    this.connection = this.hub.open(this.socket, this.upgradeContext(upgrade.identity));
    this.socket.onEnd = () => this.connection.gone();
  }

  /** Creates a connection that has received `welcome`. */
  static async welcomed(options?: RealtimeModuleOptions, token?: string): Promise<ConnectionRig> {
    const rig = new ConnectionRig(options);
    await rig.welcome(token);
    return rig;
  }

  /** The context of an upgrade, with or without an identity. */
  upgradeContext(identity?: Identity): UpgradeContext {
    const slot = this.limits.enter(RECEIVED.network);
    const presentedAt = this.revocations.mark;
    return { received: RECEIVED, admitted: identity !== undefined, identity, slot, presentedAt };
  }

  /** Delivers a message of the client. */
  send(frame: object | string): void {
    this.connection.receive(Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)), false);
  }

  /** Sends `hello` and returns the answers. */
  async welcome(token?: string): Promise<readonly ServerFrame[]> {
    this.send({ type: 'hello', clientId: CLIENT_ID, ...(token === undefined ? {} : { token }) });
    return this.received();
  }

  /** Waits until all work is done and returns the frames sent to the client since the last call. */
  async received(): Promise<readonly ServerFrame[]> {
    await this.environment.settle();
    return this.socket.written.splice(0);
  }

  private admission(): Admission {
    return { receive: () => RECEIVED, identify: (_, token) => this.identify(token) };
  }

  private dispatcher(): RequestDispatcher {
    return {
      admit: (caller) => this.admit(caller),
      authorize: async (topic, caller): Promise<ResolvedTopic> => {
        await this.authorize(topic, caller);
        return { name: topic, kind: 'state' };
      },
      act: (invocation, caller) => this.act(invocation, caller),
      forget: (answered, caller) => void this.forgotten.push({ answered, user: caller.identity?.id }),
      isParallel: (action) => action.startsWith('parallel/'),
    };
  }
}

/** A `subscribe` frame for one topic. */
export function subscribe(topic: string, ref?: string): object {
  return { type: 'subscribe', topics: [{ topic }], ...(ref === undefined ? {} : { ref }) };
}

/** An `action` frame. The rig runs actions named `parallel/…` in parallel. */
export function act(id: string, name = 'a'): object {
  return { type: 'action', id, name };
}

/** A promise that a test resolves with `open()` or rejects with `fail()`. */
export class Gate<T = void> {
  readonly opened: Promise<T>;
  open!: (value: T) => void;
  fail!: (error: unknown) => void;

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}
