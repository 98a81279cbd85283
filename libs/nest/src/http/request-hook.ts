import type { IncomingMessage, ServerResponse } from 'node:http';

import type { AbstractHttpAdapter } from '@nestjs/core';

/** Takes a request, or leaves it to the application by returning false. `parsed` is a body that was read before. */
export type TakeRequest = (request: IncomingMessage, response: ServerResponse, parsed: unknown) => boolean;

type Hook = (request: FrameworkRequest, response: FrameworkResponse, done: (error?: Error) => void) => unknown;
/** Express's request is Node's; Fastify's holds it. */
type FrameworkRequest = (IncomingMessage | { readonly raw: IncomingMessage }) & { readonly body?: unknown };
type FrameworkResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown };

interface HookedAdapter {
  onRequestHook?: Hook;
  setOnRequestHook(hook: Hook): void;
}

/** Whose adapters call the hook; others have one that does nothing. */
const PLATFORMS = ['express', 'fastify'];

/**
 * Sees every request before anything else of the framework and of the application does: body parsers, CORS, security
 * headers, middleware, prefixes, versions and interceptors come later, on Express and on Fastify.
 *
 * The adapter has one hook only. One that is there already, or is set later, runs behind this one.
 *
 * @throws Error where the application runs on another platform.
 */
export function takeRequests(adapter: AbstractHttpAdapter, take: TakeRequest): void {
  const type = adapter.getType();
  if (!PLATFORMS.includes(type)) {
    throw new Error(`RealtimeModule works on ${PLATFORMS.join(' and ')}, and the application runs on ${type}.`);
  }
  const hooked = adapter as unknown as HookedAdapter;
  let next = hooked.onRequestHook;
  hooked.setOnRequestHook((request, response, done) => {
    const rawRequest = 'raw' in request ? request.raw : request;
    const rawResponse = 'raw' in response ? response.raw : response;
    if (take(rawRequest, rawResponse, request.body)) {
      if ('hijack' in response) response.hijack();
      return undefined;
    }
    return next ? next.call(adapter, request, response, done) : done();
  });
  hooked.setOnRequestHook = (hook) => {
    next = hook;
  };
}
