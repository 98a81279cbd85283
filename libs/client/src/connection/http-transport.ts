import { utf8Length } from '@statewire/protocol';

import type { Timer } from '../core/environment.js';
import { limitRetryAfter } from '../core/retry-after.js';
import type { FrameBudget } from '../session/frame-budget.js';
import type { ClientServices } from './client-services.js';
import type { HttpResponse } from './http-response.js';

/**
 * Makes the service worker of Angular leave the request to the browser, which ends it with the page. As a header it
 * would need a CORS preflight for each path.
 */
const BYPASS = 'ngsw-bypass';

export interface HttpRequest {
  /** Path below the HTTP binding, such as `/poll`. */
  readonly path: string;
  /** Makes the JSON body once there is a token. Without it the request is a GET. */
  readonly body?: () => string;
  /** Milliseconds for the whole request, including the wait for a token. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/** Sends HTTP requests with a token, no faster than the server accepts them. */
export class HttpTransport {
  readonly #services: ClientServices;
  readonly #budget: FrameBudget;

  constructor(services: ClientServices, budget: FrameBudget) {
    this.#services = services;
    this.#budget = budget;
  }

  /** @throws the errors of `fetch` and of the option `token`, and an Error after the timeout or an abort. */
  async request({ path, body: makeBody, timeout, signal }: HttpRequest): Promise<HttpResponse> {
    const { environment, metrics, options, tokens } = this.#services;
    const { fetch } = environment;
    if (fetch === undefined) throw new Error('This host has no fetch().');
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = environment.setTimer(abort, timeout);
    signal?.addEventListener('abort', abort);
    try {
      if (signal?.aborted) abort();
      const token = await unlessAborted(controller.signal, tokens.get('poll'));
      await this.#awaitBudget(controller.signal);
      const body = makeBody?.();
      if (body !== undefined) metrics.add('bytesSent', utf8Length(body));
      const response = await fetch(`${options.httpBase}${path}?${BYPASS}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body }),
        credentials: 'include',
        cache: 'no-store',
        signal: controller.signal,
      });
      const text = await response.text();
      metrics.add('bytesReceived', utf8Length(text));
      const seconds = Number(response.headers.get('Retry-After') ?? NaN);
      return {
        status: response.status,
        token,
        text,
        retryAfter: seconds >= 0 ? limitRetryAfter(seconds * 1_000) : undefined,
      };
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Waits until the server accepts one more request. A rejected poll would look like an overloaded server. */
  async #awaitBudget(signal: AbortSignal): Promise<void> {
    for (let { delay } = this.#budget; delay > 0; { delay } = this.#budget) {
      let timer: Timer | undefined;
      const elapsed = new Promise<void>((resolve) => (timer = this.#services.environment.setTimer(resolve, delay)));
      await unlessAborted(signal, elapsed).finally(() => timer?.cancel());
    }
    this.#budget.spend();
  }
}

function unlessAborted<T>(signal: AbortSignal, value: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(signal.reason as Error);
    if (signal.aborted) return fail();
    signal.addEventListener('abort', fail);
    Promise.resolve(value).then(resolve, reject);
  });
}
