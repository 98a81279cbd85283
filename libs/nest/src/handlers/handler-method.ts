import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';

import { type ActionMark, type TopicMark, callerFactory } from './decorators.js';

type Method = (...parameters: unknown[]) => unknown;

/** A method of the application that handles topics or actions, and its instance. */
export interface HandlerMethod {
  readonly instance: object;
  readonly name: string;
  readonly method: Method;
  /** Key of the module that provides the instance and its enhancers. */
  readonly module: string;
  /** Id of the provider; transient enhancers belong to it. */
  readonly providerId: string;
}

export type TopicMethod = HandlerMethod & TopicMark;
export type ActionMethod = HandlerMethod & ActionMark;

/** A decorated parameter of a handler. */
export interface HandlerParameter {
  readonly index: number;
  readonly source: 'data' | 'params' | 'caller' | 'other';
  /** The one field that the parameter gets; undefined for all of them. */
  readonly field: string | undefined;
  /** Its type, as the compiler emitted it. */
  readonly type: unknown;
  /** Pipes given to its decorator. */
  readonly pipes: readonly unknown[];
}

/** The metadata of Nest's parameter decorators. */
interface ParameterMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly factory?: unknown;
  readonly pipes?: readonly unknown[];
}

/** @returns the name of the handler in logs and messages, such as `BattleRealtime.load`. */
export function labelOf({ instance, name }: Pick<HandlerMethod, 'instance' | 'name'>): string {
  return `${instance.constructor.name}.${name}`;
}

/** @returns the decorated parameters, by index. */
export function parametersOf({ instance, name }: HandlerMethod): readonly HandlerParameter[] {
  const metadata = (Reflect.getMetadata(ROUTE_ARGS_METADATA, instance.constructor, name) ?? {}) as Record<
    string,
    ParameterMetadata
  >;
  const types = (Reflect.getMetadata('design:paramtypes', instance, name) ?? []) as unknown[];
  return Object.entries(metadata)
    .map(([key, parameter]) => ({
      index: parameter.index,
      source: sourceOf(key, parameter),
      field: typeof parameter.data === 'string' ? parameter.data : undefined,
      type: types[parameter.index],
      pipes: parameter.pipes ?? [],
    }))
    .sort((a, b) => a.index - b.index);
}

/** @returns a field that the object itself has: names such as `constructor` find nothing on the prototype. */
export function ownField(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined;
  return (value as Record<string, unknown>)[field];
}

function sourceOf(key: string, { factory }: ParameterMetadata): HandlerParameter['source'] {
  if (factory === callerFactory) return 'caller';
  if (key.startsWith(`${RouteParamtypes.BODY}:`)) return 'data';
  if (key.startsWith(`${RouteParamtypes.PARAM}:`)) return 'params';
  return 'other';
}
