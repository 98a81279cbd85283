import { Body, createParamDecorator, Param, type PipeTransform, type Type } from '@nestjs/common';

import type { RealtimeRequest } from '../core/realtime-request.js';

type Pipe = Type<PipeTransform> | PipeTransform;

// Nest's own kinds of parameters, because ValidationPipe leaves custom ones alone.

/** The parameters of the topic. With a DTO class as its type they are validated before the handler runs. */
export function TopicParams(...pipes: Pipe[]): ParameterDecorator {
  return Param(...pipes);
}

/** The data of the action. With a DTO class as its type it is validated before the handler runs. */
export function ActionData(...pipes: Pipe[]): ParameterDecorator {
  return Body(...pipes);
}

/** Finds `@Caller()` among the parameters of a method. */
export const callerFactory = (_: unknown, context: { getArgByIndex(index: number): RealtimeRequest }): unknown =>
  context.getArgByIndex(0).user;

/**
 * The user that asks: what `authenticate` returned, or what a guard put on `request.user`. Undefined for anonymous
 * callers. Only in handlers of actions: a topic has one value for all who may read it.
 */
export const Caller: () => ParameterDecorator = createParamDecorator(callerFactory);
