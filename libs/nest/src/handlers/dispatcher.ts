import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { topicOfPresence, type AckFrame, type ErrorFrame, type Json } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { Broker } from '../core/broker.js';
import type { Environment } from '../core/environment.js';
import { InFlight } from '../core/action-context.js';
import type { MaybePromise } from '../core/maybe-promise.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import { Counters } from '../core/counters.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { BROKER, ENVIRONMENT, PRESENCE_SOURCE, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { RealtimeError } from '../core/errors.js';
import type { ResolvedTopic, TopicLoad, TopicLoader } from '../topics/topic-loader.js';
import { ActionExecutor } from './action-executor.js';
import { ConnectionGuards } from './connection-guards.js';
import { HandlerRegistry } from './handler-registry.js';
import { rejectInstances } from './serializer.js';
import type { CallerContext, RealtimeRequest } from '../core/realtime-request.js';

/** An action of a client, the same for both transports. */
export interface Invocation {
  readonly id: string;
  readonly name: string;
  readonly data: Json | undefined;
  /** Whether the client has sent the action before. */
  readonly again?: boolean;
  /** With `again`: the monotonic time at which the client sent it for the first time, or earlier. Omitted: unknown. */
  readonly firstSentAt?: number | undefined;
  /** Whether the caller may learn the position of a topic to which the handler published. Omitted: of no topic. */
  readonly follows?: (topic: string) => boolean | Promise<boolean>;
}

/** Creates the source of the presence topic of `topic`. */
export type PresenceSource = (topic: string) => Observable<unknown>;

/** Stands for the caller while a topic is loaded, because all readers get the same value. */
const NO_CALLER: CallerContext = {
  headers: {},
  cookies: {},
  ip: '',
  admission: 'none',
  clientId: '',
  identity: undefined,
};

/** The part of {@link Dispatcher} that the transports use, so that tests can replace it. */
export type RequestDispatcher = Pick<Dispatcher, 'act' | 'admit' | 'authorize' | 'forget' | 'isParallel'>;

/**
 * The one pipeline from a request to application code: limits → deduplication → guards → pipes and DTO validation →
 * interceptors → handler → filters. Finds the handler and runs it inside Nest's own pipeline. Both transports use it;
 * it knows neither.
 */
@Injectable()
export class Dispatcher implements TopicLoader, OnModuleInit {
  /** A property, so that a publication does not call the dispatcher if no handler has a class serializer. */
  serialize: ((topic: string, value: unknown) => unknown) | undefined = (topic, value) => rejectInstances(topic, value);

  private readonly runner: ActionExecutor;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly guards: ConnectionGuards,
    inFlight: InFlight,
    private readonly counters: Counters,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(BROKER) broker: Broker,
    @Inject(ENVIRONMENT) environment: Environment,
    @Inject(REALTIME_LOG) log: RealtimeLog,
    @Inject(PRESENCE_SOURCE) private readonly presenceSource: PresenceSource,
  ) {
    this.runner = new ActionExecutor({
      broker,
      environment,
      window: options.actionWindowMs,
      onBrokerFailure: (error) => log.error('broker-failed', error, { reason: 'action' }),
      count: (outcome) => counters.actions.add(outcome),
      track: (work) => inFlight.track(work),
    });
  }

  /** Called by Nest. Learns the class serializers of all handlers. */
  async onModuleInit(): Promise<void> {
    const serializes = await this.registry.prepareSerializers();
    this.serialize = serializes ? (topic, value) => this.serializeWithHandler(topic, value) : undefined;
  }

  /**
   * Runs the connection guards of the module.
   *
   * @throws RealtimeError `forbidden` or `unauthorized`.
   */
  admit(caller: CallerContext): Promise<void> {
    return this.guards.admit(requestOf(caller, {}));
  }

  /**
   * Finds the handler of a topic for a publisher. Runs no guards. Presence topics have no other publisher than the
   * server.
   *
   * @throws RealtimeError `unknown_topic`.
   */
  find(topic: string): ResolvedTopic {
    const match = this.registry.topic(topic);
    if (!match) throw unknownTopic(topic, '@OnTopic');
    return { name: topic, ...match.handler.topic };
  }

  /**
   * Finds the handler of a topic and runs its guards for this caller.
   *
   * @throws RealtimeError `unknown_topic`, `forbidden` or `unauthorized`.
   */
  authorize(topic: string, caller: CallerContext): Promise<ResolvedTopic> {
    const followed = topicOfPresence(topic);
    return followed === undefined
      ? this.authorizeTopic(topic, caller)
      : this.authorizePresence(topic, followed, caller);
  }

  /** Calls the handler of a topic, or reads the members of a presence topic. A topic without a handler starts empty. */
  load({ name }: ResolvedTopic): TopicLoad | Promise<TopicLoad> {
    const followed = topicOfPresence(name);
    if (followed !== undefined) return { type: 'source', source: this.presenceSource(followed) };
    const match = this.registry.topic(name);
    if (!match) return { type: 'nothing' };
    return match.handler.load(requestOf(NO_CALLER, { topic: name, params: match.params }));
  }

  /** Whether clients cannot follow the topic, because no handler of the application answers it. */
  lacks(topic: string): boolean {
    return this.registry.lacks(topic);
  }

  /**
   * Runs an action at most once and answers it: at once if nothing on the way waits. Never throws or rejects: every
   * failure is an error frame.
   */
  act(invocation: Invocation, caller: CallerContext): MaybePromise<AckFrame | ErrorFrame> {
    const { id, name, data } = invocation;
    const action = this.registry.action(name);
    if (!action) {
      this.counters.actions.add('unknown_action');
      return new RealtimeError(
        'unknown_action',
        `There is no handler for the action "${name}". Check its name, or provide a class with an @OnAction method for it.`,
      ).toFrame({ id });
    }
    return this.runner.run(invocation, caller, {
      call: () => action.call(requestOf(caller, { action: name, data })),
      timeout: action.timeout ?? this.options.limits.timeouts.actionMs,
    });
  }

  /** Forgets the answers of these actions, because the client has them. */
  forget(answered: readonly string[], caller: CallerContext): void {
    this.runner.forget(answered, caller);
  }

  /** Whether actions of this name may run beside others of the same connection. False for unknown names. */
  isParallel(action: string): boolean {
    return this.registry.action(action)?.parallel ?? false;
  }

  private serializeWithHandler(topic: string, value: unknown): unknown {
    const match = this.registry.topic(topic);
    return match ? match.handler.serialize(value) : value;
  }

  private async authorizeTopic(topic: string, caller: CallerContext): Promise<ResolvedTopic> {
    const match = this.registry.topic(topic);
    if (!match) throw unknownTopic(topic, '@OnTopic');
    const { handler, params } = match;
    await handler.authorize(requestOf(caller, { topic, params }));
    return { name: topic, ...handler.topic };
  }

  /** Checks the right to read the topic first: its presence topic would reveal that it exists. */
  private async authorizePresence(topic: string, followed: string, caller: CallerContext): Promise<ResolvedTopic> {
    const match = this.registry.presence(followed);
    if (!match) throw unknownTopic(topic, '@OnPresence');
    const { handler, params } = match;
    await this.authorizeTopic(followed, caller);
    await handler.authorize(requestOf(caller, { topic, params }));
    return { name: topic, ...handler.topic };
  }
}

function unknownTopic(topic: string, decorator: string): RealtimeError {
  const advice = `Check its name, or provide a class with an ${decorator} method for it.`;
  return new RealtimeError('unknown_topic', `There is no handler for the topic "${topic}". ${advice}`);
}

/** The request that guards and handlers see. A new object each time, because guards may write to it. */
export function requestOf(
  { headers, cookies, ip, admission, connectionId, identity }: CallerContext,
  own: Partial<Pick<RealtimeRequest, 'topic' | 'params' | 'action' | 'data'>>,
): RealtimeRequest {
  const { data, params = {}, ...name } = own;
  return {
    headers,
    cookies,
    ip,
    ips: [ip],
    admission,
    user: identity?.user,
    params,
    data,
    body: data,
    ...name,
    ...(connectionId === undefined ? {} : { connectionId }),
  };
}
