import {
  CLOSE_CODES,
  ERROR_CODES,
  ERROR_MEANINGS,
  type Action,
  type ActionFrame,
  type AuthenticateFrame,
  type ErrorCode,
  type ErrorFrame,
  type FreshFrame,
  type HelloFrame,
  type Position,
  type ServerFrame,
  type StaleFrame,
  type TopicReference,
  type UnsubscribedCode,
} from '@statewire/protocol';

import type { TestEnvironment } from '../time/environment.js';
import type { HttpMode } from '../network/network-faults.js';
import { FakeActions, type FakeInvocation } from './fake-actions.js';
import { FakeConnection } from './fake-connection.js';
import { FakeHttp } from './fake-http.js';
import type { FakeServerOptions, FakeUpgradeMode } from './fake-server-options.js';
import { FakeTopicRegistry, type FakeTopic } from './fake-topic.js';

/** `WebSocket.OPEN` */
const OPEN = 1;

/**
 * A server of the whole protocol in memory. A test publishes to its topics, handles actions, and breaks its network.
 * The server sets `openWebSocket` and `fetch` of its `environment`; give the same environment to the client.
 *
 * @example
 * const server = new FakeServer(environment);
 * server.publish(battle.with({ battleId: '1' }), { hp: 10 });
 * server.cut();             // the client reconnects
 * server.upgrades('hang');  // from here on no WebSocket opens, and the client polls
 */
export class FakeServer {
  /** Returns the milliseconds that the next message takes from one end to the other. */
  readonly latency: () => number;
  /** Milliseconds between polls that `config` announces. */
  readonly pollInterval: number;
  /** Milliseconds for which a client may send an action again. */
  readonly actionWindow: number;
  /** The handlers of actions, and the actions that arrived. */
  readonly actions = new FakeActions();
  /** The open WebSockets, in the order in which they opened. */
  readonly connections: FakeConnection[] = [];
  private readonly heldBack = new Set<FakeConnection>();
  /** Connections that the server ended. */
  private readonly ended = new Set<FakeConnection>();
  private upgradeMode: FakeUpgradeMode = 'pass';

  /** @internal */
  httpMode: HttpMode = 'pass';
  /** Whether the server answers `hello`. Default true. */
  answersHello = true;
  /**
   * Decides about the token of a WebSocket or of a request. Return undefined to accept it, an error code to reject it,
   * or `expired`. Default: accepts every token.
   */
  verify: (token: string | undefined) => ErrorCode | 'expired' | undefined = () => undefined;
  /** Returns the end of a token's validity for `welcome` and `authenticated`, in milliseconds since the Unix epoch. */
  expiresAt: ((token: string | undefined) => number | undefined) | undefined;

  /** Number of WebSockets that clients have opened or tried to open. */
  upgradeCount = 0;
  /** Whether the server accepts WebSockets; see {@link switchWebSocket}. */
  isWebSocketOn = true;
  /** The oldest contract that the server supports, from now on. Undefined: it tells none. */
  minContract: number | undefined;

  /** @internal */
  readonly topics: FakeTopicRegistry;
  private readonly rejections = new Map<string, Partial<ErrorFrame> & { code: ErrorCode }>();
  private readonly binding = new FakeHttp(this);

  constructor(
    /** The clock, timers and ids of the server. It gets the server's `openWebSocket` and `fetch`. */
    readonly environment: TestEnvironment,
    private readonly options: FakeServerOptions = {},
  ) {
    const { latency = 0, pollInterval = 2_000, actionWindow = 120_000 } = options;
    this.latency = typeof latency === 'function' ? latency : () => latency;
    this.pollInterval = pollInterval;
    this.actionWindow = actionWindow;
    this.topics = new FakeTopicRegistry(options, () => environment.now());
    Object.assign(environment, this.network);
  }

  /** Connections that the server has ended while the client's WebSocket is still open, because the end is under way. */
  get closing(): readonly FakeConnection[] {
    for (const connection of this.ended) if (connection.socket.readyState !== OPEN) this.ended.delete(connection);
    return [...this.ended];
  }

  /** The transports that lead to this server. */
  get network(): Pick<TestEnvironment, 'openWebSocket' | 'fetch'> {
    return { openWebSocket: this.openWebSocket, fetch: this.binding.fetch };
  }

  /** Bodies of the polls that arrived, in order. */
  get polls() {
    return this.binding.polls;
  }

  /** Publishes a value or an event, and returns its position. */
  publish<T>(topic: TopicReference<T>, value: T): Position {
    this.topics.declare(topic);
    const fake = this.topic(topic.name);
    const frame = fake.publish(value);
    for (const connection of [...this.connections]) connection.publish(frame);
    this.binding.releasePolls();
    return fake.position;
  }

  /** Returns the value of a state topic; undefined before the first publication. */
  value<T>(topic: TopicReference<T, 'state'>): T | undefined {
    return this.topic(topic.name).value as T | undefined;
  }

  /** Returns the position of the last publication. */
  position(topic: TopicReference): Position {
    return this.topic(topic.name).position;
  }

  /**
   * Declares the kind of a topic. Call it before a client follows an event topic without events: a topic that nothing
   * declared is a state topic, and the client then fails with `kind_mismatch`.
   */
  declare(topic: TopicReference): void {
    this.topics.declare(topic);
  }

  /** Starts a new epoch of a topic without history, and announces it to subscribers. */
  renew(topic: TopicReference): void {
    const fake = this.topic(topic.name);
    const subscribed = fake.renew();
    for (const connection of [...this.connections]) {
      connection.publish(subscribed);
      if (subscribed.kind === 'state' && subscribed.offset > 0) connection.publish(fake.snapshot());
    }
    this.binding.releasePolls();
  }

  /**
   * Marks a topic as stale, or all topics, as a server does that has lost contact with its broker. Clients learn it on
   * every transport, also those that follow the topic later. Publications still arrive, so publish after
   * {@link markFresh} to test a value that was missed.
   */
  markStale(topic?: TopicReference): void {
    const since = this.environment.now();
    this.topics.setStaleSince(topic?.name, since);
    this.tell({ type: 'stale', since, ...(topic && { topics: [topic.name] }) });
  }

  /** Marks a topic as current again, or all topics. */
  markFresh(topic?: TopicReference): void {
    this.topics.setStaleSince(topic?.name, undefined);
    this.tell({ type: 'fresh', ...(topic && { topics: [topic.name] }) });
  }

  /** Rejects subscriptions of a topic from now on. Without a code the server accepts them again. */
  reject(topic: TopicReference, code: ErrorCode | undefined, more: Partial<ErrorFrame> = {}): void {
    if (code === undefined) this.rejections.delete(topic.name);
    else this.rejections.set(topic.name, { ...more, code });
  }

  /** Ends all subscriptions of a topic. */
  unsubscribe(topic: TopicReference, code: UnsubscribedCode): void {
    for (const connection of [...this.connections]) {
      connection.publish({ type: 'unsubscribed', topic: topic.name, code });
      connection.unsubscribe(topic.name);
    }
  }

  /** Sets the handler of an action. A handler that throws a {@link FakeActionError} answers with its error code. */
  handle<D, R>(action: string | Action<D, R>, handler: (data: D, invocation: FakeInvocation) => R | Promise<R>): void {
    this.actions.handle(typeof action === 'string' ? action : action.name, handler);
  }

  /** Resets every WebSocket. Frames under way are lost, and both ends notice at once. */
  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  /** Holds back all frames of the open WebSockets, and neither end notices. {@link restore} delivers them. */
  blackhole(): void {
    for (const connection of this.connections) {
      connection.blackhole();
      this.heldBack.add(connection);
    }
  }

  /** Delivers what {@link blackhole} held back, also the end of a connection. */
  restore(): void {
    for (const connection of new Set([...this.connections, ...this.heldBack])) connection.restore();
    this.heldBack.clear();
  }

  /** Decides what happens to new WebSockets. Open ones stay. Default `pass`. */
  upgrades(mode: FakeUpgradeMode): void {
    this.upgradeMode = mode;
  }

  /** Decides what happens to HTTP requests. Default `pass`. */
  http(mode: HttpMode): void {
    this.httpMode = mode;
  }

  /** Closes every WebSocket with this close code. */
  close(code: number, reason = ''): void {
    for (const connection of [...this.connections]) connection.close(code, reason);
  }

  /** Sends a frame on every WebSocket. */
  send(frame: ServerFrame): void {
    for (const connection of [...this.connections]) connection.send(frame);
  }

  /** Switches the WebSocket of the server off, so that clients poll, or on again. */
  switchWebSocket(on: boolean): void {
    this.isWebSocketOn = on;
    if (!on) this.close(CLOSE_CODES.switchedOff.code);
  }

  /**
   * Restarts the server: it closes all connections and forgets the answers of actions. Without `keep` every topic
   * starts a new epoch.
   */
  restart({ keep = false }: { readonly keep?: boolean } = {}): void {
    this.close(1012);
    this.actions.forget();
    if (!keep) this.topics.renewAll();
  }

  /** @internal */
  readonly openWebSocket = (_url: string, _protocol: string) => {
    this.upgradeCount += 1;
    const mode = this.upgradeMode;
    if (mode === 'throw') throw new Error('The content security policy forbids this WebSocket.');
    const connection = new FakeConnection(this);
    if (mode === 'hang') return connection.socket;
    if (mode === 'pass' && this.isWebSocketOn) {
      this.connections.push(connection);
      connection.accept();
    } else {
      connection.reject();
    }
    return connection.socket;
  };

  /** Returns the topic of this name, and creates it if it is new. */
  topic(name: string): FakeTopic {
    return this.topics.of(name);
  }

  /** @internal */
  get contract(): { readonly minContract?: number } {
    return this.minContract === undefined ? {} : { minContract: this.minContract };
  }

  /** @internal */
  get frameBytes(): number {
    return this.options.frameBytes ?? 64 * 1024;
  }

  /** @internal Returns the error for a token that {@link verify} rejects. */
  admit(token: string | undefined): ErrorFrame | undefined {
    const code = this.verify(token);
    return code === undefined ? undefined : errorFrame(code === 'expired' ? 'unauthorized' : code);
  }

  /** @internal */
  greet(connection: FakeConnection, { token }: HelloFrame): void {
    if (!this.answersHello) return;
    const rejection = this.verify(token);
    if (rejection === 'expired') return connection.close(CLOSE_CODES.tokenExpired.code);
    if (rejection !== undefined) {
      connection.send(errorFrame(rejection));
      return connection.close(CLOSE_CODES.rejected.code);
    }
    const expiresAt = this.expiresAt?.(token);
    connection.send({
      type: 'welcome',
      connectionId: connection.id,
      serverTime: this.environment.now(),
      heartbeat: this.options.heartbeat ?? { interval: 30_000, timeout: 10_000 },
      limits: {
        frameBytes: this.frameBytes,
        subscriptions: 128,
        ...(this.options.framesPerSecond !== undefined && { framesPerSecond: this.options.framesPerSecond }),
      },
      actionWindow: this.actionWindow,
      ...this.contract,
      ...(expiresAt !== undefined && { expiresAt }),
    });
  }

  /** @internal */
  reauthenticate(connection: FakeConnection, { token, ref }: AuthenticateFrame): void {
    const rejection = this.verify(token);
    const about = ref === undefined ? {} : { ref };
    if (rejection) {
      return connection.send({ ...errorFrame(rejection === 'expired' ? 'unauthorized' : rejection), ...about });
    }
    const expiresAt = this.expiresAt?.(token);
    connection.send({ type: 'authenticated', ...about, ...(expiresAt !== undefined && { expiresAt }) });
  }

  /** @internal */
  act(connection: FakeConnection, { id, name, data, again = false }: ActionFrame): void {
    const clientId = connection.hello?.clientId ?? '';
    const isVisible = (topic: string) => connection.subscriptions.has(topic);
    const invocation = { clientId, id, name, data, again, transport: 'websocket' } as const;
    this.actions.act(invocation, this.topics.watchPositions(), isVisible, (answer) => connection.send(answer));
  }

  /** Returns the error for a topic that the server rejects; undefined if the client may follow it. */
  rejectionOf(topic: string, token: string | undefined): (ErrorFrame & { topic: string }) | undefined {
    const rejection = this.rejections.get(topic) ?? (this.admit(token) && { code: 'unauthorized' as const });
    return rejection && { ...errorFrame(rejection.code), ...rejection, topic };
  }

  private tell(frame: StaleFrame | FreshFrame): void {
    for (const connection of [...this.connections]) connection.tell(frame);
    this.binding.releasePolls();
  }

  /** @internal */
  forget(connection: FakeConnection): void {
    const index = this.connections.indexOf(connection);
    if (index >= 0) this.connections.splice(index, 1);
    this.ended.add(connection);
  }
}

function errorFrame(code: ErrorCode): ErrorFrame {
  return { type: 'error', code, message: ERROR_MEANINGS[code], temporary: ERROR_CODES[code].temporary };
}
