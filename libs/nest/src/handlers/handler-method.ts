import type { RealtimeRequest } from '../core/realtime-request.js';
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

type ReadArguments = (request: RealtimeRequest) => unknown[];

const READERS = {
  data: (request: RealtimeRequest): unknown => request.data,
  params: (request: RealtimeRequest): unknown => request.params,
  caller: (request: RealtimeRequest): unknown => request.user,
  other: (): unknown => undefined,
} as const;

/** Reads the arguments of a handler without pipes. A handler without decorated parameters gets the request. */
export function argumentsReader(handler: HandlerMethod): ReadArguments {
  const parameters = parametersOf(handler).map(({ index, source, field }) => ({
    index,
    read:
      field === undefined ? READERS[source] : (request: RealtimeRequest) => ownField(READERS[source](request), field),
  }));
  if (parameters.length === 0) return (request) => [request];
  return (request) => {
    const list: unknown[] = [];
    for (const { index, read } of parameters) list[index] = read(request);
    return list;
  };
}
