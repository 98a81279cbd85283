import { parseConfigResponse, parsePollResponse } from '@statewire/protocol';

import { ConnectionFailure, messageOf } from '../core/connection-failure.js';
import type { Timer } from '../core/environment.js';
import type { Emit, HttpEvent } from '../session/client-event.js';
import { PollSession } from '../session/poll-session.js';
import { Backoff } from './backoff.js';
import type { ClientServices } from './client-services.js';
import { parseResponseFrame, type HttpResponse } from './http-response.js';
import type { HttpTransport } from './http-transport.js';
import type { PollingState } from './lazy-poller.js';

/** Beyond the time for which the server may hold a poll. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Time between the starts of two held polls. */
const MIN_HELD_INTERVAL_MS = 250;

/** Polls while it runs: one request at a time, each at least `polling.intervalMs` after the start of the one before. */
export class Poller {
  readonly #services: ClientServices;
  readonly #http: HttpTransport;
  readonly #state: PollingState;
  readonly #emit: Emit<HttpEvent>;

  #interval: number;
  readonly #backoff: Backoff;
  #timer: Timer | undefined;
  #inFlight: AbortController | undefined;
  /** Set while the server may hold the poll in flight. */
  #release: (() => void) | undefined;
  #beganAt = -Infinity;
  /** On the monotonic clock. The server accepts no poll before. */
  #pausedUntil = 0;
  #wasIncomplete = false;
  /** Whether another poll follows the one in flight at once. */
  #isRequestedAgain = false;

  constructor(services: ClientServices, http: HttpTransport, state: PollingState, emit: Emit<HttpEvent>) {
    this.#services = services;
    this.#http = http;
    this.#state = state;
    this.#emit = emit;
    this.#interval = services.options.polling.intervalMs;
    this.#backoff = new Backoff(services.environment, services.options.backoff);
  }

  /** Polls after `delay` ms. The state says already that the poller runs. */
  start(delay: number): void {
    // A poll that has hung since an earlier run must not hold up this run.
    this.abort();
    this.#isRequestedAgain = this.#inFlight !== undefined;
    this.#schedule(delay);
    void this.requestConfig();
  }

  /** Sends no more polls. The response to a poll in flight still counts where the WebSocket was not faster. */
  stop(): void {
    this.#timer?.cancel();
  }

  /** Aborts the poll in flight. */
  abort(): void {
    this.#inFlight?.abort();
  }

  /** Polls at once, or right after the poll in flight, because an action took effect. */
  pollNow(): void {
    if (!this.#state.isRunning) return;
    if (this.#inFlight) this.#isRequestedAgain = true;
    else this.#schedule(0);
  }

  /** Polls again at once, because the machine slept. The answer to a poll in flight may never come. */
  restart(): void {
    this.#state.isHealthy = false;
    this.pollNow();
    this.abort();
  }

  /** Polls as soon as the interval allows, because there is a new topic, or the network came back. */
  pollSoon(): void {
    if (!this.#state.isRunning) return;
    if (!this.#inFlight) return this.#schedule(this.#untilInterval());
    if (this.#release) this.#inFlight.abort();
  }

  /** Requests the server's switches. The HTTP status is the reason of a rejected upgrade, which browsers hide. */
  async requestConfig(): Promise<void> {
    const { options } = this.#services;
    try {
      const response = await this.#http.request({ path: '/config', timeout: REQUEST_TIMEOUT_MS });
      if (response.status !== 200) {
        if (!this.#state.isRunning) this.#emit({ type: 'poll-failed', failure: this.#failureOf(response) });
        return;
      }
      const config = parseConfigResponse(response.text);
      this.#interval = Math.max(options.polling.intervalMs, config.poll.interval);
      this.#emit({ type: 'config-received', config });
    } catch {
      // Polls and connection attempts report the same failure.
    }
  }

  #schedule(delay: number): void {
    const { environment } = this.#services;
    this.#timer?.cancel();
    const pause = this.#pausedUntil - environment.monotonic();
    this.#timer = environment.setTimer(() => void this.#poll(), Math.max(delay, pause));
  }

  #untilInterval(): number {
    return Math.max(0, this.#beganAt + this.#interval - this.#services.environment.monotonic());
  }

  async #poll(): Promise<void> {
    if (this.#inFlight) return;
    const { environment, registry, metrics, clientId, options, tokens, outbox } = this.#services;
    const controller = new AbortController();
    this.#inFlight = controller;
    this.#beganAt = environment.monotonic();
    const session = new PollSession(registry, metrics, environment, this.#emit);
    let delay: number;
    let response: HttpResponse | undefined;
    try {
      // The first answer is to come at once, because no value is live before.
      if (options.polling.waitMs > 0 && this.#state.isHealthy) this.#release = await this.#takeHold();
      const waitMs = this.#release ? options.polling.waitMs : 0;
      let held: number | undefined;
      const body = () => {
        metrics.add('polls');
        const request = session.request(clientId, waitMs / 1_000, options.contract);
        held = request.wait;
        return outbox.withAnswered(JSON.stringify(request));
      };
      const timeout = REQUEST_TIMEOUT_MS + waitMs;
      response = await this.#http.request({ path: '/poll', body, timeout, signal: controller.signal });
      // An answer after an abort may belong to a previous identity.
      if (controller.signal.aborted || response.status !== 200) throw new Error();
      delay = this.#handleResponse(session, response.text, held);
      tokens.markAccepted(response.token);
    } catch (error) {
      // An answer with 200 that no client can read comes from something before the server.
      delay = controller.signal.aborted
        ? this.#untilInterval()
        : this.#handleFailure(response ? this.#failureOf(response) : networkFailure(error));
    }
    this.#inFlight = undefined;
    this.#release?.();
    this.#release = undefined;
    if (!this.#state.isRunning) return;
    this.#schedule(this.#isRequestedAgain ? 0 : delay);
    this.#isRequestedAgain = false;
  }

  /** One page of a browser may hold a poll. HTTP/1.1 allows six connections for all pages together. */
  async #takeHold(): Promise<(() => void) | undefined> {
    const { environment, options } = this.#services;
    return environment.tryLock ? environment.tryLock(`statewire ${options.httpBase}`) : ignore;
  }

  /** Applies a response. @returns the milliseconds until the next poll. */
  #handleResponse(session: PollSession, text: string, wait: number | undefined): number {
    const response = parsePollResponse(text);
    const { environment } = this.#services;
    const elapsed = environment.monotonic() - this.#beganAt;
    if (wait === undefined) this.#state.roundTripTimeMs = elapsed;
    this.#backoff.reset();
    const isFirst = !this.#state.isHealthy;
    this.#state.isHealthy = this.#state.isRunning;
    this.#state.hasFailed = false;
    this.#state.lastAnswerAt = environment.now();
    const isIncomplete = session.apply(response) && !this.#wasIncomplete;
    this.#wasIncomplete = isIncomplete;
    this.#emit({ type: 'poll-answered', response });
    if (isIncomplete || (response.more && response.frames.length > 0)) return 0;
    const mayHoldNext = wait !== undefined || (isFirst && this.#services.options.polling.waitMs > 0);
    return mayHoldNext ? Math.max(0, MIN_HELD_INTERVAL_MS - elapsed) : this.#untilInterval();
  }

  /** Reports a failure. @returns the milliseconds until the next poll. */
  #handleFailure(failure: ConnectionFailure): number {
    if (!this.#state.isRunning) return 0;
    this.#state.isHealthy = false;
    this.#state.hasFailed = failure.cause !== 'none';
    this.#emit({ type: 'poll-failed', failure });
    if (failure.cause === 'none' || failure.cause === 'permanent') return 0;
    return Math.max(this.#untilInterval(), this.#backoff.next(failure.cause, failure.retryAfter));
  }

  #failureOf({ status, text, token, retryAfter }: HttpResponse): ConnectionFailure {
    const frame = parseResponseFrame(text);
    const error = frame?.type === 'error' ? frame : undefined;
    // An answer without an error frame comes from a proxy, a gateway or a captive portal. It tells nothing about the
    // client.
    const { code, message } = error ?? {
      code: `http-${status}`,
      message: `something before the server answered ${status}`,
    };
    if (status === 401 && error) {
      const wasRenewed = this.#services.tokens.markRejected(token);
      return new ConnectionFailure({ code, message }, wasRenewed ? 'permanent' : 'none');
    }
    if (status === 403 && error) return new ConnectionFailure({ code, message }, 'permanent');
    if (error?.retryAfter !== undefined) this.#pausedUntil = this.#services.environment.monotonic() + error.retryAfter;
    const isOverload = status === 429 || status === 503;
    return new ConnectionFailure(
      { code, message },
      isOverload ? 'overload' : 'server',
      isOverload ? 'never' : 'after-delay',
      error?.retryAfter ?? retryAfter,
    );
  }
}

function networkFailure(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionFailure) return error;
  return new ConnectionFailure({ code: 'network', message: messageOf(error) }, 'network');
}

function ignore(): void {}
