import { ConnectionFailure, messageOf } from '../core/connection-failure.js';
import type { HttpFallbackCode, Timer } from '../core/environment.js';
import type { Emit, HttpEvent } from '../session/client-event.js';
import { FrameBudget } from '../session/frame-budget.js';
import type { ClientServices } from './client-services.js';
import type { HttpActionSender } from './http-action-sender.js';
import type { createHttpParts, HttpParts } from './http-parts.js';

/** Delay before the client loads the fallback again. Each failure doubles it. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** The state of polling, also while the code of the poller is not there. */
export interface PollingState {
  isRunning: boolean;
  /** Whether the server answered the last poll. */
  isHealthy: boolean;
  hasFailed: boolean;
  roundTripTimeMs: number | undefined;
  /** In milliseconds since the Unix epoch. */
  lastAnswerAt: number | undefined;
}

/** Loads the code of the HTTP fallback, and passes on the calls that came before. */
export class LazyPoller implements PollingState {
  readonly #services: ClientServices;
  readonly #emit: Emit<HttpEvent>;

  isRunning = false;
  isHealthy = false;
  hasFailed = false;
  roundTripTimeMs: number | undefined;
  lastAnswerAt: number | undefined;
  /** The requests that the server accepts. */
  readonly budget: FrameBudget;

  #parts: HttpParts | undefined;
  /** Whether the client is connected or about to be. */
  #isWanted = false;
  #isLoading = false;
  #retryDelay = FIRST_RETRY_MS;
  #retryTimer: Timer | undefined;
  /** When the first poll is due, on the monotonic clock. */
  #dueAt = 0;
  #isConfigRequested = false;

  constructor(services: ClientServices, emit: Emit<HttpEvent>) {
    this.#services = services;
    this.#emit = emit;
    this.budget = new FrameBudget(services.environment);
  }

  /** Sends actions over HTTP. Undefined until the code is there. */
  get actions(): HttpActionSender | undefined {
    return this.#parts?.actions;
  }

  /** Loads the code, and tries again after a failure until {@link end}. */
  load(): void {
    this.#isWanted = true;
    if (this.#parts || this.#isLoading) return;
    this.#retryTimer?.cancel();
    this.#isLoading = true;
    try {
      const code = this.#services.loadHttpFallback();
      if ('then' in code) {
        code.then((loaded) => this.#create(loaded)).catch((error: unknown) => this.#fail(error));
      } else this.#create(code);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Polls after `delay` ms, and then at the interval. */
  start(delay: number): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.isHealthy = false;
    this.hasFailed = false;
    if (this.#parts) return this.#parts.poller.start(delay);
    this.#dueAt = this.#services.environment.monotonic() + delay;
    this.load();
  }

  /** Sends no more polls. */
  stop(): void {
    this.isRunning = false;
    this.isHealthy = false;
    this.#parts?.poller.stop();
  }

  /** Ends everything until the next {@link load}. */
  end(): void {
    this.#isWanted = this.#isConfigRequested = false;
    this.#retryTimer?.cancel();
    this.stop();
    this.abort();
    this.actions?.stop();
  }

  /** Aborts the poll in flight. */
  abort(): void {
    this.#parts?.poller.abort();
  }

  /** Polls at once, or right after the poll in flight, because an action took effect. */
  pollNow(): void {
    this.#parts?.poller.pollNow();
  }

  /** Polls again at once, because the machine slept. */
  restart(): void {
    this.#parts?.poller.restart();
  }

  /** Polls as soon as the interval allows. */
  pollSoon(): void {
    this.#parts?.poller.pollSoon();
  }

  /** Loads the code at once if that failed before, and polls soon, because the network or the user is back. */
  wake(): void {
    if (this.#isWanted) this.load();
    this.pollSoon();
  }

  /** Requests the server's switches. */
  requestConfig(): void {
    if (this.#parts) return void this.#parts.poller.requestConfig();
    this.#isConfigRequested = true;
    this.load();
  }

  #create(code: HttpFallbackCode): void {
    const create = code.createHttpParts as unknown as typeof createHttpParts;
    this.#parts = create(this.#services, this, this.budget, this.#emit);
    this.hasFailed = false;
    const delay = this.#dueAt - this.#services.environment.monotonic();
    if (this.isRunning) this.#parts.poller.start(Math.max(0, delay));
    else if (this.#isConfigRequested) void this.#parts.poller.requestConfig();
    this.#emit({ type: 'fallback-loaded' });
  }

  #fail(error: unknown): void {
    this.#isLoading = false;
    if (!this.#isWanted) return;
    this.#retryTimer = this.#services.environment.setTimer(() => this.load(), this.#retryDelay);
    this.#retryDelay = Math.min(MAX_RETRY_MS, 2 * this.#retryDelay);
    if (!this.isRunning) return;
    this.hasFailed = true;
    const message = `the page could not load the HTTP fallback: ${messageOf(error)}`;
    this.#emit({ type: 'poll-failed', failure: new ConnectionFailure({ code: 'not-loaded', message }, 'network') });
  }
}
