import { utf8Length } from '@statewire/protocol';

import type { Environment, Timer } from '../core/environment.js';
import { FrameBudget } from '../session/frame-budget.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import { believedRetryAfter } from '../core/retry-after.js';
import type { TokenSource } from './token-source.js';

/** What came back, whatever it means. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** What was presented. */
  readonly token: string | undefined;
  /** Milliseconds, from a `Retry-After` header in seconds. */
  readonly retryAfter: number | undefined;
}

export interface HttpRequest {
  readonly path: string;
  /** Makes JSON, once there is a token; absent for GET. */
  readonly body?: () => string;
  /** After so many ms without the whole answer the request is given up, the wait for a token included. */
  readonly deadline: number;
  /** Aborted by the caller. */
  readonly signal?: AbortSignal;
}

/** Bytes in and out over HTTP: the requests of the polling fallback, no faster than the server takes frames. */
export class HttpTransport {
  private readonly budget: FrameBudget;

  constructor(
    private readonly base: string,
    private readonly environment: Environment,
    private readonly metrics: MetricsRecorder,
    private readonly tokens: TokenSource,
  ) {
    this.budget = new FrameBudget(environment);
  }

  /** Requests a second that the server takes; 0: without limit. */
  learn(rate: number): void {
    this.budget.learn(rate);
  }

  /** @throws whatever `fetch` and the application's `token` reject with: unreachable, given up, aborted. */
  async request({ path, body: makeBody, deadline, signal }: HttpRequest): Promise<HttpAnswer> {
    const { fetch } = this.environment;
    if (fetch === undefined) throw new Error('This host has no fetch.');
    const abort = new AbortController();
    const giveUp = () => abort.abort();
    const timer = this.environment.setTimer(giveUp, deadline);
    signal?.addEventListener('abort', giveUp);
    try {
      const token = await unlessAborted(abort.signal, this.tokens.get('poll'));
      await this.turn(abort.signal);
      const body = makeBody?.();
      if (body !== undefined) this.metrics.add('bytesSent', utf8Length(body));
      const response = await fetch(this.base + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body }),
        credentials: 'include',
        cache: 'no-store',
        signal: abort.signal,
      });
      const text = await response.text();
      this.metrics.add('bytesReceived', utf8Length(text));
      const seconds = Number(response.headers.get('Retry-After') ?? NaN);
      return {
        status: response.status,
        token,
        text,
        retryAfter: seconds >= 0 ? believedRetryAfter(seconds * 1_000) : undefined,
      };
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Waits until one more request may be made: a poll that is refused would pass for a server that is overloaded. */
  private async turn(signal: AbortSignal): Promise<void> {
    for (let { delay } = this.budget; delay > 0; { delay } = this.budget) {
      let timer: Timer | undefined;
      const passed = new Promise<void>((resolve) => (timer = this.environment.setTimer(resolve, delay)));
      await unlessAborted(signal, passed).finally(() => timer?.cancel());
    }
    this.budget.spend();
  }
}

function unlessAborted<T>(signal: AbortSignal, value: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The request was given up before it was made.')));
    Promise.resolve(value).then(resolve, reject);
  });
}
