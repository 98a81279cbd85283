import type { IncomingMessage, ServerResponse } from 'node:http';

import { type Correlation, ERROR_CODES } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';

/**
 * Milliseconds without progress after which a reader is cut off. Node checks twice before it calls a write stalled, so
 * it may take twice as long.
 */
const RESPONSE_TIMEOUT_MS = 2_500;

/** The headers on which every answer depends, so that no cache mixes callers. */
const VARY = 'Authorization, Cookie, Origin';

/** The answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  /** JSON. Omitted: the answer has no body. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request and its answer, without the framework of the application. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted if the client disconnects before it gets its answer. */
  readonly gone: AbortSignal;
  /** The fields of the request that errors repeat. Empty until the body is parsed. */
  correlation: Correlation = {};
  private readonly cors = new Map<string, string>();

  constructor(
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    /** The body, if a parser of the application has read it. */
    readonly parsed: unknown,
    /** Whether this node drains. Answers close their connection then. */
    private readonly isDraining: () => boolean,
  ) {
    const { pathname, search } = split(request.url ?? '/');
    // Node itself leaves the body out of answers to HEAD.
    this.method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    this.path = pathname;
    this.query = new URLSearchParams(search);
    const controller = new AbortController();
    this.gone = controller.signal;
    response.once('close', () => controller.abort());
    // `close` follows the error of a broken connection.
    response.on('error', () => undefined);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : value?.[0];
  }

  /** Allows scripts of an origin to read the answer. */
  allowOrigin(origin: string): void {
    this.cors.set('Access-Control-Allow-Origin', origin);
    this.cors.set('Access-Control-Allow-Credentials', 'true');
    this.cors.set('Access-Control-Expose-Headers', 'ETag, Retry-After');
  }

  /** Ends the connection without an answer, like a network failure. The client tries another node. */
  cut(): void {
    this.response.destroy();
  }

  reject({ status, error, headers }: HttpErrorResponse): void {
    this.answer({ status, headers, body: JSON.stringify(error.toFrame(this.correlation)) });
  }

  /** Sends the answer. Does nothing after the first answer or after the client has disconnected. */
  answer({ status, body, headers = {} }: HttpAnswer): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    // A framework may have set headers such as X-Powered-By.
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.statusCode = status;
    this.set({ Vary: VARY, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    this.set(Object.fromEntries(this.cors));
    if (body !== undefined) {
      this.set({
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': String(Buffer.byteLength(body)),
      });
    }
    this.set(headers);
    const { complete, httpVersionMajor } = this.request;
    // The server would take the rest of an unread body for the next request. HTTP/2 knows no such header.
    if (httpVersionMajor < 2 && (!complete || this.isDraining())) this.set({ Connection: 'close' });
    response.setTimeout(RESPONSE_TIMEOUT_MS, () => response.destroy());
    response.end(body);
  }

  private set(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
  }
}

/** Splits a URL into its path and its query. Decodes neither. */
export function split(url: string): { readonly pathname: string; readonly search: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { pathname: url, search: '' } : { pathname: url.slice(0, mark), search: url.slice(mark + 1) };
}

/** An error with its HTTP status and headers. */
export class HttpErrorResponse extends Error {
  override readonly name = 'HttpErrorResponse';

  constructor(
    readonly status: number,
    readonly error: RealtimeError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
  }

  static of(error: RealtimeError): HttpErrorResponse {
    const { retryAfter } = error.options;
    const headers: Record<string, string> =
      retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter / 1_000)) };
    return new HttpErrorResponse(ERROR_CODES[error.code].status, error, headers);
  }
}
