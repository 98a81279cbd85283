import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { AbstractHttpAdapter } from '@nestjs/core';

/**
 * Answers a request and returns true, or returns false to leave the request to the application.
 *
 * @param parsed the body, if a parser has read it before.
 */
export type TakeRequest = (request: IncomingMessage, response: ServerResponse, parsed: unknown) => boolean;

type Hook = (request: FrameworkRequest, response: FrameworkResponse, done: (error?: Error) => void) => unknown;
/** A request of Express is a request of Node. A request of Fastify holds one. */
type FrameworkRequest = (IncomingMessage | { readonly raw: IncomingMessage }) & { readonly body?: unknown };
type FrameworkResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown };

interface HookedAdapter {
  onRequestHook?: Hook;
  setOnRequestHook(hook: Hook): void;
}

/** Platforms whose adapters call the hook. The hook of other adapters does nothing. */
const PLATFORMS = ['express', 'fastify'];

/**
 * Passes every request to `take` first, on Express and on Fastify: before body parsers, CORS, security headers,
 * middleware, prefixes, versions and interceptors.
 *
 * The adapter has one hook only. A hook that the application sets, before or later, runs behind this one.
 *
 * @throws Error if the application runs on another platform.
 */
export function takeRequests(adapter: AbstractHttpAdapter, take: TakeRequest): void {
  const type = adapter.getType();
  if (!PLATFORMS.includes(type)) {
    throw new Error(
      `RealtimeModule works on ${PLATFORMS.join(' and ')}, and the application runs on ${type}. Create it with one of these ` +
        'adapters, or import the module into an application of its own.',
    );
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

/** Properties of Node's HTTP server. The interval is documented as an option of `createServer` only. */
export interface HeadDeadlines {
  headersTimeout?: number;
  connectionsCheckingInterval?: number;
}

/** Milliseconds between two searches of Node for late connections. Node's default is 30 s. */
const CHECKING_INTERVAL_MS = 1_000;

/**
 * Limits the time in which the head of a request or an upgrade has to arrive. Keeps a shorter limit of the application.
 * A connection that sends nothing is late as well. Call it before the server listens.
 *
 * @param timeout milliseconds. 0: keeps the limit of the server.
 */
export function limitHeads(server: HeadDeadlines, timeout: number): void {
  const { headersTimeout, connectionsCheckingInterval } = server;
  // Servers of HTTP/2 have no such limit.
  if (timeout === 0 || headersTimeout === undefined) return;
  if (headersTimeout === 0 || headersTimeout > timeout) server.headersTimeout = timeout;
  if (connectionsCheckingInterval !== undefined && connectionsCheckingInterval > CHECKING_INTERVAL_MS) {
    server.connectionsCheckingInterval = CHECKING_INTERVAL_MS;
  }
}

/** Most requests of one connection without an answer. Browsers and proxies wait for each answer. */
const MAX_PIPELINED = 4;

/**
 * Limits the requests that a connection sends without waiting for the answers. Node emits all requests that it has read
 * and keeps each answer until the earlier ones are written. One write of a client could take any amount of memory.
 */
export class PipelineLimit {
  private readonly pending = new WeakMap<Socket, number>();

  /**
   * Counts a request until it is answered. @returns false if the connection has too many requests without an answer.
   */
  enter({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const count = this.pending.get(socket) ?? 0;
    if (count >= MAX_PIPELINED) return false;
    this.pending.set(socket, count + 1);
    response.once('close', () => this.pending.set(socket, (this.pending.get(socket) ?? 1) - 1));
    return true;
  }
}
