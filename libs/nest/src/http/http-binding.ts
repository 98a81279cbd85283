import type { IncomingMessage, ServerResponse } from 'node:http';

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  ERROR_CODES,
  ProtocolError,
  parseActionRequest,
  parsePollRequest,
  SAFE_FRAME_BYTES,
  type ConfigResponse,
  type FrameLimits,
} from '@statewire/protocol';

import { SharedFrameLimits } from '../rate-limiting/rate-limiter.js';
import { RequestAdmission } from '../admission/request-admission.js';
import type { ReceivedRequest } from '../core/incoming-request.js';
import { toClientError, RealtimeError } from '../core/errors.js';
import { hasHttpServer } from '../core/http-server.js';
import { Dispatcher } from '../handlers/dispatcher.js';
import { InFlight } from '../core/action-context.js';
import { BrokerState } from '../core/broker-state.js';
import { OutdatedClients } from '../core/outdated-clients.js';
import { DrainState } from '../core/drain-state.js';
import type { WebSocketSwitch } from '../core/websocket-switch.js';
import { Revocations } from '../admission/revocations.js';
import { Counters } from '../core/counters.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { RealtimeLimits, ResolvedRealtimeOptions } from '../core/options.js';
import { REALTIME_LOG, REALTIME_OPTIONS, WEBSOCKET_SWITCH } from '../core/tokens.js';
import { PresenceTracker } from '../presence/presence-tracker.js';
import { TopicRegistry } from '../topics/topic-registry.js';
import { Exchange, split, type HttpAnswer, HttpErrorResponse } from './exchange.js';
import { limitHeads, type HeadDeadlines, PipelineLimit, takeRequests } from './server-hooks.js';
import { RequestAuthenticator, type Authorize } from './request-authenticator.js';
import { Poll } from './poll.js';
import { ServicePublisher } from './service-publisher.js';
import { RequestLimits } from '../rate-limiting/request-limits.js';
import { Snapshot } from './snapshot.js';

interface Route {
  readonly method: 'GET' | 'POST';
  /** @returns undefined if the client has disconnected. */
  answer(exchange: Exchange, received: ReceivedRequest): Promise<HttpAnswer | undefined>;
}

/** An upgrade reaches the handlers of requests if its server has no listener for upgrades. */
const MISSED = {
  advice:
    'The application listens with another HTTP server than its own, so its clients poll. Call app.listen(), or pass upgrades on: ' +
    "server.on('upgrade', (...args) => app.getHttpServer().emit('upgrade', ...args)).",
};

/** Stands for the id of a connection in logs. */
const TRANSPORT = 'http';

/** `retryAfter` for a request that started nothing. */
const RETRY_AFTER_MS = 1_000;

/** Bytes of one topic in a poll: a name of 256 bytes and a position. */
const TOPIC_BYTES = 512;

/** The client id of requests that name none. */
const NO_CLIENT = '';

/**
 * Serves polls, snapshots, actions and the configuration over HTTP, with the frames and guards of the WebSocket.
 *
 * It is no controller, because prefixes, pipes and interceptors of the application would change the wire.
 */
@Injectable()
export class HttpBinding implements OnModuleInit {
  private readonly pipelines = new PipelineLimit();
  private readonly requests: RequestLimits;
  private readonly authenticator: RequestAuthenticator;
  private readonly poll: Poll;
  private readonly snapshot: Snapshot;
  private readonly publisher: ServicePublisher;
  private readonly routes: ReadonlyMap<string, Route>;

  constructor(
    admission: RequestAdmission,
    private readonly adapterHost: HttpAdapterHost,
    private readonly inFlight: InFlight,
    rates: SharedFrameLimits,
    private readonly counters: Counters,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    private readonly dispatcher: Dispatcher,
    topics: TopicRegistry,
    presence: PresenceTracker,
    @Inject(WEBSOCKET_SWITCH) private readonly websocket: WebSocketSwitch,
    private readonly drain: DrainState,
    revocations: Revocations,
    private readonly outdated: OutdatedClients,
    brokerState: BrokerState,
  ) {
    const { environment, limits, httpPath, httpPublish, minContract } = options;
    this.requests = new RequestLimits(limits, environment, rates);
    this.authenticator = new RequestAuthenticator(admission, dispatcher, this.requests, revocations, options);
    const authorize: Authorize = (topic, caller) => this.authenticator.authorize(topic, caller);
    this.snapshot = new Snapshot(authorize, topics);
    this.poll = new Poll({
      authorize,
      topics,
      presence,
      environment,
      limits,
      minContract,
      websocket,
      drain,
      counters,
      toErrorFrame: (error, topic) => this.counted(toClientError(error, log, TRANSPORT)).toFrame({ topic }),
    });
    const { tokens } = httpPublish;
    this.publisher = new ServicePublisher({ tokens, dispatcher, topics, brokerState, environment, limits, log });
    this.routes = new Map<string, Route>([
      [`${httpPath}/poll`, { method: 'POST', answer: (exchange, received) => this.answerPoll(exchange, received) }],
      [
        `${httpPath}/actions`,
        { method: 'POST', answer: (exchange, received) => this.answerAction(exchange, received) },
      ],
      [
        `${httpPath}/snapshot`,
        { method: 'GET', answer: (exchange, received) => this.answerSnapshot(exchange, received) },
      ],
      [`${httpPath}/config`, { method: 'GET', answer: async () => this.answerConfig() }],
      ...(tokens.length === 0 ? [] : [[`${httpPath}/publish`, this.publishRoute()] as const]),
    ]);
  }

  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost;
    // An application that only publishes has no HTTP server.
    if (!hasHttpServer(this.adapterHost)) return;
    limitHeads(httpAdapter.getHttpServer() as HeadDeadlines, this.options.limits.timeouts.headMs);
    takeRequests(httpAdapter, (request, response, parsed) => this.take(request, response, parsed));
  }

  private take(request: IncomingMessage, response: ServerResponse, parsed: unknown): boolean {
    const { pathname } = split(request.url ?? '');
    const route = this.routes.get(pathname);
    if (!route) {
      if (pathname === this.options.path && request.headers.upgrade !== undefined)
        this.log.warn('upgrade-missed', MISSED);
      return false;
    }
    const exchange = new Exchange(request, response, parsed, () => this.drain.draining);
    if (this.pipelines.enter(request, response)) void this.serve(exchange, route);
    else exchange.reject(HttpErrorResponse.of(this.counted(pipelinedError())));
    return true;
  }

  private async serve(exchange: Exchange, route: Route): Promise<void> {
    try {
      const received = this.receive(exchange, route);
      if (!received) return;
      const answer = await route.answer(exchange, received);
      if (answer) exchange.answer(answer);
    } catch (error) {
      if (error instanceof ProtocolError) exchange.correlation = error.correlation;
      const response =
        error instanceof HttpErrorResponse
          ? error
          : HttpErrorResponse.of(withRetryAfter(toClientError(error, this.log, TRANSPORT)));
      const { code, message } = this.counted(response.error);
      if (code === 'too_large') this.log.warn('request-rejected', { reason: code, message });
      exchange.reject(response);
    }
  }

  /** Logs a rejection before the credentials are verified, as for upgrades. */
  private receive(exchange: Exchange, { method }: Route): ReceivedRequest | undefined {
    try {
      return this.authenticator.receive(exchange, method);
    } catch (error) {
      if (error instanceof RealtimeError) {
        this.log.warn('request-rejected', { reason: error.code, message: error.message });
      }
      throw error;
    }
  }

  private countOutdated(clientId: string, contract: number | undefined): void {
    if (this.options.minContract > 0) this.outdated.count(clientId, contract);
  }

  private counted(error: RealtimeError): RealtimeError {
    this.counters.errorsSent.add(error.code);
    return error;
  }

  private async answerPoll(exchange: Exchange, received: ReceivedRequest): Promise<HttpAnswer | undefined> {
    const limits = pollLimits(this.options.limits);
    const request = parsePollRequest(await this.authenticator.body(exchange, limits.bytes), limits);
    const { clientId, contract } = request;
    const admitted = await this.authenticator.admit(received, clientId);
    this.countOutdated(clientId, contract);
    const { caller } = admitted;
    if (request.answered !== undefined) this.dispatcher.forget(request.answered, caller);
    const body = await this.poll.answer(request, {
      request: admitted,
      countTopics: (topics) => this.requests.countTopics(caller, topics),
      takeSlot: () => this.requests.holdPoll(caller, received),
      readmit: () => this.authenticator.readmit(received, clientId),
      gone: exchange.gone,
    });
    return body === undefined ? undefined : { status: 200, body };
  }

  private async answerAction(exchange: Exchange, received: ReceivedRequest): Promise<HttpAnswer> {
    const { environment, limits } = this.options;
    const { frames } = limits;
    const arrivedAt = environment.monotonic();
    const { clientId, contract, id, name, data, again, age, answered } = parseActionRequest(
      await this.authenticator.body(exchange, frames.bytes),
      frames,
    );
    exchange.correlation = { id };
    const { caller } = await this.authenticator.admit(received, clientId);
    this.countOutdated(clientId, contract);
    if (answered !== undefined) this.dispatcher.forget(answered, caller);
    const release = this.requests.startAction(caller);
    // The process ends only after the HTTP server has answered all requests.
    const ending = this.drain.ended.subscribe(() => exchange.cut());
    // The topics that a polling client follows are unknown here, so it learns the positions of topics that it may read.
    const follows = (topic: string): Promise<boolean> => this.authenticator.authorize(topic, caller).then(yes, no);
    try {
      const firstSentAt = age === undefined ? undefined : arrivedAt - age;
      const invocation = { id, name, data, again: again ?? false, firstSentAt, follows };
      const frame = await this.inFlight.track(this.dispatcher.act(invocation, caller));
      if (frame.type === 'error') this.counters.errorsSent.add(frame.code);
      return { status: frame.type === 'ack' ? 200 : ERROR_CODES[frame.code].status, body: JSON.stringify(frame) };
    } finally {
      ending.unsubscribe();
      release();
    }
  }

  private async answerSnapshot(exchange: Exchange, received: ReceivedRequest): Promise<HttpAnswer> {
    const admitted = await this.authenticator.admit(received, NO_CLIENT);
    return this.snapshot.answer(exchange.query.get('topic'), exchange.header('if-none-match'), admitted);
  }

  /** Credentials of users do not count here, and the tokens of services count nowhere else. */
  private publishRoute(): Route {
    const { authenticator, publisher } = this;
    return {
      method: 'POST',
      async answer(exchange, received) {
        publisher.checkToken(received.bearer);
        const body = await authenticator.body(exchange, publisher.bodyBytes);
        return { status: 200, body: await publisher.publish(body) };
      },
    };
  }

  private answerConfig(): HttpAnswer {
    const { polling, actionWindowMs, limits, minContract } = this.options;
    const config: ConfigResponse = {
      websocket: this.websocket.enabled && !this.drain.draining,
      poll: { interval: polling.intervalMs },
      actionWindow: actionWindowMs,
      frameBytes: limits.frames.bytes,
      ...(minContract === 0 ? {} : { minContract }),
    };
    return { status: 200, body: JSON.stringify(config) };
  }
}

/** A poll names as many topics as a connection, and its size is no larger action. */
function pollLimits({ frames, connections }: RealtimeLimits): FrameLimits {
  const { bytes, depth } = frames;
  return { bytes: bytes && Math.max(bytes, SAFE_FRAME_BYTES, connections.subscriptions * TOPIC_BYTES), depth };
}

/**
 * Adds `retryAfter` to a temporary rejection. A rejected request started nothing. Clients know that by `retryAfter`,
 * and send the action again instead of failing it.
 */
function withRetryAfter(error: RealtimeError): RealtimeError {
  const { code, message, options } = error;
  if (options.retryAfter !== undefined || (code !== 'unavailable' && code !== 'too_many_requests')) return error;
  return new RealtimeError(code, message, { ...options, retryAfter: RETRY_AFTER_MS });
}

function pipelinedError(): RealtimeError {
  return new RealtimeError('too_many_requests', 'Too many requests wait for an answer. Wait before the next request.', {
    retryAfter: RETRY_AFTER_MS,
  });
}

const yes = (): boolean => true;
const no = (): boolean => false;
