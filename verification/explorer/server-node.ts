import { RealtimeError } from '@statewire/nest';
import {
  ConnectionHub,
  ConnectionLimits,
  Counters,
  FlushScheduler,
  SharedFrameLimits,
  RequestAuthenticator,
  InFlight,
  MemoryBroker,
  Dispatcher,
  Poll,
  Revocations,
  RealtimeLog,
  RequestLimits,
  resolveOptions,
  TopicRegistry,
  type Admission,
  type Connection,
  type ConnectionGuards,
  type ConnectionSocket,
  type ReceivedRequest,
} from '@statewire/nest/internal';
import { ERROR_CODES, parseActionRequest, parsePollRequest } from '@statewire/protocol';
import { EMPTY, type Observable } from 'rxjs';

import { Application, userOf } from './application.js';
import type { ExplorerEnvironment } from './explorer-environment.js';
import type { Truth } from './truth.js';
import type { Verdict } from './verdict.js';
import { WatchedBroker } from './watched-broker.js';

export interface ServerOptions {
  /** Maximum publications in the history of a topic. */
  readonly history: number;
  /** Bytes in the network above which a connection is a slow reader. 0: never. */
  readonly softMark: number;
  readonly slowBroker: boolean;
  readonly slowActions: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const MINUTE = 60_000;
/** A time above the lifetime of histories, claims and lingering topics. */
const FORGETS_AFTER = 7 * MINUTE;

const ANYBODY: Omit<ReceivedRequest, 'bearer'> = {
  headers: {},
  cookies: {},
  ip: '203.0.113.7',
  network: '203.0.113.7',
  origin: undefined,
  cookieToken: undefined,
};

/** One node: the real core of the server. The steps control the application and the network around it. */
export class ServerNode {
  readonly broker: WatchedBroker;
  readonly topics: TopicRegistry;
  readonly hub: ConnectionHub;
  readonly application: Application;
  private readonly dispatcher: Dispatcher;
  private readonly limits: ConnectionLimits;
  private readonly requests: RequestLimits;
  private readonly revocations: Revocations;
  private readonly authenticator: RequestAuthenticator;
  private readonly poll: Poll;
  private readonly log: RealtimeLog;
  private readonly options: ReturnType<typeof optionsOf>;

  constructor(
    private readonly clock: ExplorerEnvironment,
    private readonly truth: Truth,
    private readonly verdict: Verdict,
    options: ServerOptions,
  ) {
    const environment = clock.ofServer;
    const resolved = optionsOf(environment, options);
    const { history, limits } = resolved;
    this.options = resolved;
    const fail = (line: string, stack = ''): void => verdict.complain(`the server logged: ${line} ${stack}`);
    const quiet = (): void => undefined;
    this.log = new RealtimeLog({ debug: quiet, log: quiet, warn: quiet, error: fail }, environment);
    // Without the repeat window of the broker, clients alone have to keep actions from running twice.
    const memory = new MemoryBroker({ environment, log: this.log, history, repeatWindowMs: 0 });
    this.broker = new WatchedBroker(memory, truth, verdict, options.slowBroker);
    const { broker } = this.broker;
    this.application = new Application(() => this.topics, truth, options.slowActions);
    this.topics = new TopicRegistry({
      ...{ broker, environment, history, limits, log: this.log },
      loader: { load: () => ({ type: 'nothing' }) },
    });
    const inFlight = new InFlight();
    const counters = new Counters();
    const frameLimits = new SharedFrameLimits(limits.frames, environment);
    const guards = { admit: () => Promise.resolve() } as unknown as ConnectionGuards;
    const { handlers } = this.application;
    const { log } = this;
    const noPresence = (): Observable<unknown> => EMPTY;
    this.dispatcher = new Dispatcher(
      handlers,
      guards,
      inFlight,
      counters,
      resolved,
      broker,
      environment,
      log,
      noPresence,
    );
    const admission: Admission = {
      receive: () => ({ ...ANYBODY, bearer: undefined }),
      identify: async ({ bearer }, helloToken) => userOf(helloToken ?? bearer),
    };
    this.limits = new ConnectionLimits(limits.connections, environment);
    this.revocations = new Revocations(environment, limits.timeouts.authenticationMs);
    this.hub = new ConnectionHub({
      ...{ options: resolved, environment, admission, inFlight },
      dispatcher: this.dispatcher,
      topics: this.topics,
      revocations: this.revocations,
      counters,
      outdated: { count: () => false },
      frameLimits,
      log: this.log,
      outbox: {
        softMark: limits.outbox.softMarkBytes,
        hardMark: limits.outbox.hardMarkBytes,
        stalledTimeout: limits.timeouts.stalledMs,
        environment,
        counters,
        scheduler: new FlushScheduler(environment),
      },
    });
    this.requests = new RequestLimits(limits, environment, frameLimits);
    this.authenticator = new RequestAuthenticator(
      admission,
      this.dispatcher,
      this.requests,
      this.revocations,
      resolved,
    );
    this.poll = new Poll({
      ...{ environment, limits, counters, topics: this.topics },
      authorize: (topic, caller) => this.authenticator.authorize(topic, caller),
      minContract: 0,
      websocket: { enabled: true, changes: EMPTY },
      drain: { draining: false, began: EMPTY, ended: EMPTY },
      presence: { enter: () => undefined },
      toErrorFrame: (thrown, topic) => this.explain(thrown).toFrame({ topic }),
    });
  }

  accept(socket: ConnectionSocket): Connection {
    const slot = this.limits.enter(ANYBODY.network);
    const received = { ...ANYBODY, bearer: undefined };
    return this.hub.open(socket, {
      received,
      admitted: false,
      identity: undefined,
      slot,
      presentedAt: this.revocations.mark,
    });
  }

  async answer(path: string, body: string, bearer: string | undefined, gone: AbortSignal): Promise<HttpAnswer> {
    try {
      const received = { ...ANYBODY, bearer };
      if (path.endsWith('/config')) return { status: 200, body: this.config() };
      if (path.endsWith('/actions')) return await this.act(body, received);
      const request = parsePollRequest(body, this.options.limits.frames);
      const admitted = await this.authenticator.admit(received, request.clientId);
      const { caller } = admitted;
      if (request.answered !== undefined) this.dispatcher.forget(request.answered, caller);
      const answer = await this.poll.answer(request, {
        request: admitted,
        gone,
        countTopics: (topics) => this.requests.countTopics(caller, topics),
        takeSlot: () => this.requests.holdPoll(caller, received),
        readmit: () => this.authenticator.readmit(received, request.clientId),
      });
      return { status: 200, body: answer ?? '' };
    } catch (thrown) {
      const error = this.explain(thrown);
      return { status: ERROR_CODES[error.code].status, body: JSON.stringify(error.toFrame()) };
    }
  }

  /** Waits until all unused resources expire. @returns the resources that are still held. */
  async leftovers(): Promise<Record<string, number>> {
    await this.clock.advance(FORGETS_AFTER);
    return {
      connections: this.hub.size,
      requests: this.requests.size,
      timers: this.clock.timers,
      slots: this.limits.size,
      ...this.topics.sizes,
      ...this.broker.memory.sizes,
    };
  }

  private async act(body: string, received: ReceivedRequest): Promise<HttpAnswer> {
    const { clientId, id, name, data, answered } = parseActionRequest(body, this.options.limits.frames);
    const { caller } = await this.authenticator.admit(received, clientId);
    if (answered !== undefined) this.dispatcher.forget(answered, caller);
    const follows = (topic: string): Promise<boolean> =>
      this.authenticator.authorize(topic, caller).then(
        () => true,
        () => false,
      );
    const frame = await this.dispatcher.act({ id, name, data, follows }, caller);
    return { status: frame.type === 'ack' ? 200 : ERROR_CODES[frame.code].status, body: JSON.stringify(frame) };
  }

  private config(): string {
    const { actionWindowMs, polling } = this.options;
    return JSON.stringify({ websocket: true, poll: { interval: polling.intervalMs }, actionWindow: actionWindowMs });
  }

  private explain(thrown: unknown): RealtimeError {
    if (thrown instanceof RealtimeError) return thrown;
    this.log.error('request-failed', thrown);
    return new RealtimeError('internal', 'Something failed on the server.');
  }
}

function optionsOf(environment: ExplorerEnvironment['ofServer'], { history, softMark }: ServerOptions) {
  return resolveOptions(
    {
      history: { count: history, bytes: 0, ageMs: 5 * MINUTE },
      limits: {
        timeouts: { helloMs: 0, authenticationMs: 0, stalledMs: 0, actionMs: 0, loadMs: 0 },
        frames: { perSecond: 0 },
        connections: { subscriptions: 0 },
        outbox: { softMarkBytes: softMark, hardMarkBytes: 0 },
      },
    },
    environment,
  );
}
