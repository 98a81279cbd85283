import {
  CLOSE_CODES,
  ERROR_CODES,
  type Action,
  type ActionFrame,
  type AuthenticateFrame,
  type ErrorCode,
  type ErrorFrame,
  type HelloFrame,
  type Position,
  type ServerFrame,
  type TopicKind,
  type TopicPosition,
  type TopicReference,
  type UnsubscribedCode,
} from '@statewire/protocol';

import type { TestEnvironment } from '../time/environment.js';
import { FakeActions, type FakeInvocation } from './fake-actions.js';
import { FakeConnection } from './fake-connection.js';
import { FakeHttp } from './fake-http.js';
import { FakeTopic } from './fake-topic.js';

export interface FakeServerOptions {
  /** Milliseconds from one side to the other, or a function that is asked for each message. Default 0: at once. */
  readonly latency?: number | (() => number);
  /** Publications kept for each topic. Default 100. */
  readonly history?: number;
  /** Default 30 s and 10 s. */
  readonly heartbeat?: { readonly interval: number; readonly timeout: number };
  /** Default 120 s. */
  readonly actionWindow?: number;
  /** Default 64 KiB. */
  readonly frameBytes?: number;
  /** Told in `welcome`, where it is given. */
  readonly framesPerSecond?: number;
  /** What `config` tells. Default 2 s. */
  readonly pollInterval?: number;
}

/** `accept`; `refuse`: a status instead of 101; `hang`: no answer at all; `throw`: the constructor throws. */
export type UpgradeMode = 'accept' | 'refuse' | 'hang' | 'throw';

/** `up`; `hanging`: no answer; `unreachable`; or a fixed answer. */
export type HttpMode = 'up' | 'hanging' | 'unreachable' | { readonly status: number; readonly body?: unknown };

/**
 * A server of the whole protocol in memory, for tests: publish to its topics, handle actions, and break its network.
 * Give its `environment` to the client; with a `VirtualEnvironment` it fills in the sockets itself.
 *
 * @example
 * const server = new FakeServer(environment);
 * server.publish(battle.with({ battleId: '1' }), { hp: 10 });
 * server.cut();             // the sockets break; the client polls and comes back
 * server.upgrades = 'hang'; // and from here on no WebSocket gets through
 */
export class FakeServer {
  readonly latency: () => number;
  readonly pollInterval: number;
  readonly actionWindow: number;
  readonly actions = new FakeActions();
  readonly connections: FakeConnection[] = [];
  private readonly frozen = new Set<FakeConnection>();

  upgrades: UpgradeMode = 'accept';
  http: HttpMode = 'up';
  /** Whether `hello` is answered. */
  answersHello = true;
  /** Decides about a token, by WebSocket and by HTTP: an error code refuses it. Default: everybody may come in. */
  verify: (token: string | undefined) => ErrorCode | 'expired' | undefined = () => undefined;
  /** Told in `welcome` and `authenticated`. */
  expiresAt: ((token: string | undefined) => number | undefined) | undefined;

  /** WebSockets that were asked for. */
  upgradeCount = 0;
  isWebSocketOn = true;

  private readonly topics = new Map<string, FakeTopic>();
  private readonly kinds = new Map<string, TopicKind>();
  private readonly refusals = new Map<string, Partial<ErrorFrame> & { code: ErrorCode }>();
  private readonly binding = new FakeHttp(this);

  constructor(
    readonly environment: TestEnvironment,
    private readonly options: FakeServerOptions = {},
  ) {
    const { latency = 0, pollInterval = 2_000, actionWindow = 120_000 } = options;
    this.latency = typeof latency === 'function' ? latency : () => latency;
    this.pollInterval = pollInterval;
    this.actionWindow = actionWindow;
    Object.assign(environment, this.network);
  }

  /** The parts of an environment that lead to this server. */
  get network(): Pick<TestEnvironment, 'openWebSocket' | 'fetch'> {
    return { openWebSocket: this.openWebSocket, fetch: this.binding.fetch };
  }

  /** Bodies of the polls that came in. */
  get polls() {
    return this.binding.polls;
  }

  /** Publishes and returns the position it was given. */
  publish<T>(topic: TopicReference<T>, value: T): Position {
    this.kinds.set(topic.name, topic.kind);
    const fake = this.topic(topic.name);
    const frame = fake.publish(value);
    for (const connection of [...this.connections]) connection.publish(frame);
    this.binding.news();
    return fake.position;
  }

  /** The latest value of a state topic. */
  value<T>(topic: TopicReference<T, 'state'>): T | undefined {
    return this.topic(topic.name).value as T | undefined;
  }

  position(topic: TopicReference): Position {
    return this.topic(topic.name).position;
  }

  /** Declares what a topic is before anything was published; unknown topics are taken for state topics. */
  declare(topic: TopicReference): void {
    this.kinds.set(topic.name, topic.kind);
  }

  /** The history is lost: a new epoch, announced to all who listen. */
  renew(topic: TopicReference): void {
    const fake = this.topic(topic.name);
    const subscribed = fake.renew();
    for (const connection of [...this.connections]) {
      connection.publish(subscribed);
      if (subscribed.kind === 'state' && subscribed.offset > 0) connection.publish(fake.snapshot());
    }
    this.binding.news();
  }

  /** Refuses a topic from now on; with no code it is allowed again. */
  refuse(topic: TopicReference, code: ErrorCode | undefined, more: Partial<ErrorFrame> = {}): void {
    if (code === undefined) this.refusals.delete(topic.name);
    else this.refusals.set(topic.name, { ...more, code });
  }

  /** Ends the subscriptions of a topic. */
  unsubscribe(topic: TopicReference, code: UnsubscribedCode): void {
    for (const connection of [...this.connections]) {
      connection.publish({ type: 'unsubscribed', topic: topic.name, code });
      connection.unsubscribe(topic.name);
    }
  }

  /** Handles an action. A handler that throws a `FakeRefusal` refuses with its code. */
  handle<D, R>(action: string | Action<D, R>, handler: (data: D, invocation: FakeInvocation) => R | Promise<R>): void {
    this.actions.handle(typeof action === 'string' ? action : action.name, handler);
  }

  /** Breaks every socket, as a lost network does. */
  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  /** Sockets stay open, and nothing gets through. */
  blackhole(): void {
    for (const connection of this.connections) {
      connection.freeze();
      this.frozen.add(connection);
    }
  }

  /** What was held back arrives, also that the server ended a connection meanwhile. */
  heal(): void {
    for (const connection of new Set([...this.connections, ...this.frozen])) connection.thaw();
    this.frozen.clear();
  }

  close(code: number, reason = ''): void {
    for (const connection of [...this.connections]) connection.close(code, reason);
  }

  /** Sends to everybody. */
  send(frame: ServerFrame): void {
    for (const connection of [...this.connections]) connection.send(frame);
  }

  /** The switch of the server: off moves everybody to polling, on lets them come back. */
  switchWebSocket(on: boolean): void {
    this.isWebSocketOn = on;
    if (!on) this.close(CLOSE_CODES.switchedOff.code);
  }

  /** Loses connections and the memory of actions; topics with `keep` false too. */
  restart({ keep = false }: { readonly keep?: boolean } = {}): void {
    this.close(1012);
    this.actions.forget();
    if (!keep) for (const topic of this.topics.values()) topic.renew();
  }

  readonly openWebSocket = (_url: string, _protocol: string) => {
    this.upgradeCount += 1;
    if (this.upgrades === 'throw') throw new Error('blocked by the content security policy');
    const connection = new FakeConnection(this);
    if (this.upgrades === 'refuse' || (this.upgrades === 'accept' && !this.isWebSocketOn)) connection.refuse();
    if (this.upgrades === 'accept' && this.isWebSocketOn) {
      this.connections.push(connection);
      connection.accept();
    }
    return connection.socket;
  };

  topic(name: string): FakeTopic {
    let topic = this.topics.get(name);
    if (topic === undefined) {
      const kind = this.kinds.get(name) ?? 'state';
      topic = new FakeTopic(name, kind, this.options.history ?? 100, () => this.environment.now());
      this.topics.set(name, topic);
    }
    return topic;
  }

  admit(token: string | undefined): ErrorFrame | undefined {
    const code = this.verify(token);
    return code === undefined ? undefined : errorFrame(code === 'expired' ? 'unauthorized' : code);
  }

  greet(connection: FakeConnection, { token }: HelloFrame): void {
    if (!this.answersHello) return;
    const refusal = this.verify(token);
    if (refusal === 'expired') return connection.close(CLOSE_CODES.tokenExpired.code);
    if (refusal !== undefined) {
      connection.send(errorFrame(refusal));
      return connection.close(CLOSE_CODES.rejected.code);
    }
    const expiresAt = this.expiresAt?.(token);
    connection.send({
      type: 'welcome',
      connectionId: connection.id,
      serverTime: this.environment.now(),
      heartbeat: this.options.heartbeat ?? { interval: 30_000, timeout: 10_000 },
      limits: {
        frameBytes: this.options.frameBytes ?? 64 * 1024,
        subscriptions: 128,
        ...(this.options.framesPerSecond !== undefined && { framesPerSecond: this.options.framesPerSecond }),
      },
      actionWindow: this.actionWindow,
      ...(expiresAt !== undefined && { expiresAt }),
    });
  }

  reauthenticate(connection: FakeConnection, { token, ref }: AuthenticateFrame): void {
    const refusal = this.verify(token);
    const about = ref === undefined ? {} : { ref };
    if (refusal) return connection.send({ ...errorFrame(refusal === 'expired' ? 'unauthorized' : refusal), ...about });
    const expiresAt = this.expiresAt?.(token);
    connection.send({ type: 'authenticated', ...about, ...(expiresAt !== undefined && { expiresAt }) });
  }

  act(connection: FakeConnection, { id, name, data }: ActionFrame) {
    const clientId = connection.hello?.clientId ?? '';
    const isTold = (topic: string) => connection.subscriptions.has(topic);
    return this.actions.act({ clientId, id, name, data, transport: 'websocket' }, this.watchPositions(), isTold);
  }

  /** @returns what tells which topics were published to since. */
  watchPositions(): () => readonly TopicPosition[] {
    const before = new Map([...this.topics].map(([name, { position }]) => [name, position]));
    return () =>
      [...this.topics].flatMap(([topic, { position }]) => {
        const known = before.get(topic) ?? { ...position, offset: 0 };
        const isMoved = position.epoch !== known.epoch || position.offset > known.offset;
        return isMoved ? [{ topic, ...position }] : [];
      });
  }

  refusalOf(topic: string, token: string | undefined): (ErrorFrame & { topic: string }) | undefined {
    const refusal = this.refusals.get(topic) ?? (this.admit(token) && { code: 'unauthorized' as const });
    return refusal && { ...errorFrame(refusal.code), ...refusal, topic };
  }

  forget(connection: FakeConnection, _code: number): void {
    const index = this.connections.indexOf(connection);
    if (index >= 0) this.connections.splice(index, 1);
  }
}

function errorFrame(code: ErrorCode): ErrorFrame {
  return { type: 'error', code, message: ERROR_CODES[code].meaning, temporary: ERROR_CODES[code].temporary };
}
