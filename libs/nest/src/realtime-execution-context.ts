import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';

import type { RealtimeRequest } from './core/realtime-request.js';
import { CONTEXT_TYPE } from './handlers/pipeline-factory.js';

/**
 * The context of a topic, an action or a connection in guards, interceptors and parameter decorators. It gives them the
 * request with its type.
 *
 * @example
 * ```ts
 * canActivate(context: ExecutionContext): boolean {
 *   if (!RealtimeExecutionContext.isRealtime(context)) return this.allowsHttp(context.switchToHttp().getRequest());
 *   const { topic, action, user } = RealtimeExecutionContext.create(context).getRequest<Player>();
 *   …
 * }
 * ```
 */
export class RealtimeExecutionContext extends ExecutionContextHost {
  /**
   * Whether the context belongs to Statewire. False for controllers, resolvers and other gateways. Works in filters
   * too.
   */
  static isRealtime(context: Pick<ArgumentsHost, 'getType'>): boolean {
    return context.getType<string>() === CONTEXT_TYPE;
  }

  /**
   * Gives a context its realtime methods, such as `getRequest()`.
   *
   * @param context the context of a guard, an interceptor or a parameter decorator, or the host of an exception filter.
   * With a host, `getClass()` and `getHandler()` return what Nest's own host returns: null.
   * @throws TypeError if the context does not belong to Statewire. Check it with `isRealtime()` first.
   */
  static create(context: ArgumentsHost): RealtimeExecutionContext {
    if (!this.isRealtime(context)) {
      const type = context.getType<string>();
      throw new TypeError(
        `RealtimeExecutionContext.create() got a context of the type "${type}", but takes "${CONTEXT_TYPE}" alone. Check ` +
          'RealtimeExecutionContext.isRealtime(context) first.',
      );
    }
    const { getClass, getHandler } = context as Partial<ExecutionContext>;
    const own = new RealtimeExecutionContext(context.getArgs(), getClass?.call(context), getHandler?.call(context));
    own.setType(CONTEXT_TYPE);
    return own;
  }

  /**
   * The request: caller, topic or action, parameters and data. Guards may set `user`.
   *
   * @typeParam User the type of `user`, as `authenticate` returns it.
   */
  getRequest<User = unknown>(): RealtimeRequest & { user: User } {
    return this.getArgByIndex<RealtimeRequest & { user: User }>(0);
  }
}
