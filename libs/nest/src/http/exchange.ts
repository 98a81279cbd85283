import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Correlation } from '@statewire/protocol';

import type { HttpErrorResponse } from './http-error-response.js';

/**
 * A reader that takes nothing for so long (ms) is cut off. Node looks twice before it calls a write stalled, so that it
 * takes up to twice as long.
 */
const RESPONSE_TIMEOUT = 2_500;

/** What every answer depends on, so that no cache mixes callers. */
const VARY = 'Authorization, Cookie, Origin';

/** What is written as an answer. */
export interface HttpAnswer {
  readonly status: number;
  /** JSON; omitted for answers without a body. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request and its answer, as Node sees them: frameworks have no part in it. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted when the client is gone before it was answered. */
  readonly gone: AbortSignal;
  /** What errors echo, as soon as it is known. */
  asked: Correlation = {};
  private readonly cors = new Map<string, string>();

  constructor(
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    /** The body, where a parser of the application's came first. */
    readonly parsed: unknown,
    /** Whether this node is going away: connections are not kept then. */
    private readonly isDraining: () => boolean,
  ) {
    const { pathname, search } = split(request.url ?? '/');
    // Node leaves the body out of answers to HEAD itself.
    this.method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    this.path = pathname;
    this.query = new URLSearchParams(search);
    const controller = new AbortController();
    this.gone = controller.signal;
    response.once('close', () => controller.abort());
    // A broken connection is no news: `close` follows.
    response.on('error', () => undefined);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : value?.[0];
  }

  /** Lets scripts of an origin read the answer. */
  allowOrigin(origin: string): void {
    this.cors.set('Access-Control-Allow-Origin', origin);
    this.cors.set('Access-Control-Allow-Credentials', 'true');
    this.cors.set('Access-Control-Expose-Headers', 'ETag, Retry-After');
  }

  /** Ends the connection without an answer, as a failing network would: the client asks again elsewhere. */
  cut(): void {
    this.response.destroy();
  }

  refuse({ status, error, headers }: HttpErrorResponse): void {
    this.answer({ status, headers, body: JSON.stringify(error.toFrame(this.asked)) });
  }

  /** Ends the response; only the first answer counts, and none does once the client is gone. */
  answer({ status, body, headers = {} }: HttpAnswer): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    // Headers that a framework put there in advance, such as X-Powered-By, are not ours.
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
    // A body that was not read to its end would be taken for the next request.
    if (!this.request.complete || this.isDraining()) this.set({ Connection: 'close' });
    response.setTimeout(RESPONSE_TIMEOUT, () => response.destroy());
    response.end(body);
  }

  private set(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
  }
}

/** Takes the path and the query apart without making sense of them. */
export function split(url: string): { readonly pathname: string; readonly search: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { pathname: url, search: '' } : { pathname: url.slice(0, mark), search: url.slice(mark + 1) };
}
