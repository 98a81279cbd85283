import { parametersOf, type HandlerMethod } from './handler-method.js';
import type { RealtimeRequest } from '../core/realtime-request.js';

type ReadArguments = (request: RealtimeRequest) => unknown[];

const READERS = {
  data: (request: RealtimeRequest): unknown => request.data,
  params: (request: RealtimeRequest): unknown => request.params,
  caller: (request: RealtimeRequest): unknown => request.user,
  other: (): unknown => undefined,
} as const;

/** Reads the arguments of a handler whose parameters need no pipe. A handler without decorated ones gets the request. */
export function argumentsReader(handler: HandlerMethod): ReadArguments {
  const parameters = parametersOf(handler).map(({ index, source }) => ({ index, read: READERS[source] }));
  if (parameters.length === 0) return (request) => [request];
  return (request) => {
    const list: unknown[] = [];
    for (const { index, read } of parameters) list[index] = read(request);
    return list;
  };
}
