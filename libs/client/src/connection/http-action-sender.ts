import { SAFE_FRAME_BYTES } from '@statewire/protocol';

import type { ActionSender, PendingAction } from '../actions/pending-action.js';
import { isRejectedBeforeStart } from '../actions/rejected-before-start.js';
import type { Timer } from '../core/environment.js';
import type { Emit, HttpEvent } from '../session/client-event.js';
import type { ClientServices } from './client-services.js';
import { parseResponseFrame, type HttpResponse } from './http-response.js';
import type { HttpTransport } from './http-transport.js';

/** Above the 30 s after which a server answers `timeout` itself. */
const ACTION_TIMEOUT_MS = 35_000;
const RETRY_DELAY_MS = 1_000;

/** Sends actions over HTTP, one at a time and in order. */
export class HttpActionSender implements ActionSender {
  readonly #services: ClientServices;
  readonly #http: Pick<HttpTransport, 'request'>;
  readonly #emit: Emit<HttpEvent>;

  #isBusy = false;
  /** Whether the server has answered a poll. It has told its limits before. */
  #isServed = false;
  #inFlight = new AbortController();
  #pause: Timer | undefined;

  constructor(services: ClientServices, http: Pick<HttpTransport, 'request'>, emit: Emit<HttpEvent>) {
    this.#services = services;
    this.#http = http;
    this.#emit = emit;
  }

  send([action]: readonly PendingAction[]): void {
    if (action === undefined || this.#isBusy || this.#pause !== undefined) return;
    if (!this.#isServed && action.frameBytes > SAFE_FRAME_BYTES) return;
    this.#isBusy = true;
    action.sender = this;
    void this.#post(action)
      .then(
        (response) => this.#handleResponse(action, response),
        () => this.#retry(action, RETRY_DELAY_MS),
      )
      .finally(() => {
        this.#isBusy = false;
        this.#services.outbox.flush();
      });
  }

  /** Ends a pause, because the server is reachable again. */
  resume(): void {
    this.#isServed = true;
    this.#continue();
  }

  /** Aborts the request in flight. */
  stop(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#inFlight.abort();
  }

  #continue(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#services.outbox.flush();
  }

  #post(action: PendingAction): Promise<HttpResponse> {
    const { clientId, options, outbox } = this.#services;
    const caller = JSON.stringify({ clientId, contract: options.contract }).slice(0, -1);
    // Called once there is a token. Before that no server can have the copy, and another sender may take the action.
    const body = () => {
      if (action.sender !== this) throw new Error();
      return outbox.withAnswered(`${caller},${outbox.markSent(action, this)}}`);
    };
    this.#inFlight = new AbortController();
    return this.#http.request({ path: '/actions', body, timeout: ACTION_TIMEOUT_MS, signal: this.#inFlight.signal });
  }

  #handleResponse(action: PendingAction, { status, text, token, retryAfter }: HttpResponse): void {
    const frame = parseResponseFrame(text);
    if (frame?.type === 'ack') {
      this.#services.outbox.handleAnswer({ ...frame, id: action.id });
      this.#emit({ type: 'action-acknowledged' });
    } else if (frame === undefined && status === 413) {
      this.#services.outbox.handleTooLarge(this);
    } else if (frame === undefined) {
      this.#retry(action, retryAfter ?? RETRY_DELAY_MS);
    } else if (status === 401 && !this.#services.tokens.markRejected(token)) {
      action.sender = undefined;
      action.copies -= 1;
    } else if (isRejectedBeforeStart(frame)) {
      action.copies -= 1;
      this.#retry(action, frame.retryAfter);
    } else {
      this.#services.outbox.handleAnswer({ ...frame, id: action.id });
    }
  }

  #retry(action: PendingAction, delay: number): void {
    if (action.sender === this) action.sender = undefined;
    // stop() aborted the request. Another sender takes the action.
    if (this.#inFlight.signal.aborted) return;
    this.#pause = this.#services.environment.setTimer(() => this.#continue(), delay);
  }
}
