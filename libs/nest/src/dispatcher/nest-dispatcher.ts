import { Inject, Injectable } from '@nestjs/common';
import type { AckFrame, ErrorFrame } from '@statewire/protocol';

import type { Broker } from '../broker/broker.js';
import type { Environment } from '../environment.js';
import { InFlight } from '../lifecycle/in-flight.js';
import type { RealtimeLog } from '../lifecycle/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG, REALTIME_OPTIONS } from '../module/tokens.js';
import { RealtimeError } from '../realtime-error.js';
import type { ResolvedTopic } from '../topics/topics.js';
import { ActionRunner } from './action-runner.js';
import { ConnectionGuards } from './connection-guards.js';
import type { Dispatcher, Invocation } from './dispatcher.js';
import { HandlerRegistry } from './handler-registry.js';
import type { CallerContext, RealtimeRequest } from './realtime-request.js';

/** Finds the handler of what is asked for, and runs it inside Nest's own pipeline. */
@Injectable()
export class NestDispatcher implements Dispatcher {
  private readonly runner: ActionRunner;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly guards: ConnectionGuards,
    private readonly inFlight: InFlight,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(BROKER) broker: Broker,
    @Inject(ENVIRONMENT) environment: Environment,
    @Inject(REALTIME_LOG) log: RealtimeLog,
  ) {
    this.runner = new ActionRunner({
      broker,
      environment,
      window: options.actionWindow,
      onBrokerFailure: (error) => log.error('broker-failed', error, { reason: 'action' }),
    });
  }

  admit(caller: CallerContext): Promise<void> {
    return this.guards.admit(requestOf(caller, {}));
  }

  async authorize(topic: string, caller: CallerContext): Promise<ResolvedTopic> {
    const match = this.registry.topic(topic);
    if (!match) throw new RealtimeError('unknown_topic', 'There is no such topic.');
    const { handler, params } = match;
    await handler.authorize(requestOf(caller, { topic, params }));
    return { name: topic, kind: handler.kind };
  }

  async act(invocation: Invocation, caller: CallerContext): Promise<AckFrame | ErrorFrame> {
    const { id, name, data } = invocation;
    const action = this.registry.action(name);
    if (!action) return new RealtimeError('unknown_action', 'There is no such action.').toFrame({ id });
    return this.runner.run(invocation, caller, {
      // Goes on after it was answered `timeout`, and then nobody but the drain waits for it.
      call: () => this.inFlight.track(action.call(requestOf(caller, { action: name, data }))),
      timeout: action.timeout ?? this.options.limits.actionTimeout,
    });
  }

  isParallel(action: string): boolean {
    return this.registry.action(action)?.parallel ?? false;
  }
}

/** A fresh one each time, because guards may write to it. */
function requestOf(
  { headers, cookies, ip, admission, connectionId, identity }: CallerContext,
  asked: Partial<Pick<RealtimeRequest, 'topic' | 'params' | 'action' | 'data'>>,
): RealtimeRequest {
  const { data, params = {}, ...name } = asked;
  return {
    headers,
    cookies,
    ip,
    admission,
    user: identity?.user,
    params,
    data,
    body: data,
    ...name,
    ...(connectionId === undefined ? {} : { connectionId }),
  };
}
