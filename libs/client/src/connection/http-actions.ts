import type { ClientParts } from './client-parts.js';
import type { Timer } from '../core/environment.js';
import { readAnswer } from './read-answer.js';
import type { HttpAnswer } from './http-transport.js';
import { isNotStarted } from '../actions/not-started.js';
import { actionFields, type ActionCarrier, type PendingAction } from '../actions/pending-action.js';

/** Above the 30 s in which a server answers `timeout` itself. */
const DEADLINE = 35_000;
const RETRY_AFTER = 1_000;

/** Takes actions over HTTP, one at a time and in order. */
export class HttpActions implements ActionCarrier {
  private isBusy = false;
  private inFlight = new AbortController();
  private pause: Timer | undefined;

  constructor(
    private readonly parts: ClientParts,
    /** An action took effect: what it changed can be polled. */
    private readonly onAck: () => void,
  ) {}

  carry([action]: readonly PendingAction[]): void {
    if (action === undefined || this.isBusy || this.pause !== undefined) return;
    this.isBusy = true;
    this.parts.outbox.sent(action, this);
    void this.post(action)
      .then(
        (answer) => this.judge(action, answer),
        () => this.retry(action, RETRY_AFTER),
      )
      .finally(() => {
        this.isBusy = false;
        this.parts.outbox.pump();
      });
  }

  /** The way is known to be open again. */
  resume(): void {
    this.pause?.cancel();
    this.pause = undefined;
    this.parts.outbox.pump();
  }

  /** Gives up what is in flight. */
  stop(): void {
    this.pause?.cancel();
    this.pause = undefined;
    this.inFlight.abort();
  }

  private post(action: PendingAction): Promise<HttpAnswer> {
    const { clientId, http } = this.parts;
    const body = () => `{"clientId":${JSON.stringify(clientId)},${actionFields(action)}}`;
    this.inFlight = new AbortController();
    return http.request({ path: '/actions', body, deadline: DEADLINE, signal: this.inFlight.signal });
  }

  private judge(action: PendingAction, { status, text, token, retryAfter }: HttpAnswer): void {
    const frame = readAnswer(text);
    if (frame?.type === 'ack') {
      this.parts.outbox.answer({ ...frame, id: action.id });
      this.onAck();
    } else if (status === 401 && !this.parts.tokens.refused(token)) {
      action.carrier = undefined;
    } else if (frame === undefined) {
      this.retry(action, retryAfter ?? RETRY_AFTER);
    } else if (isNotStarted(frame)) {
      this.retry(action, frame.retryAfter);
    } else {
      this.parts.outbox.answer({ ...frame, id: action.id });
    }
  }

  private retry(action: PendingAction, after: number): void {
    if (action.carrier === this) action.carrier = undefined;
    // After `stop()` there is nobody left to retry for.
    if (this.inFlight.signal.aborted) return;
    this.pause = this.parts.environment.setTimer(() => this.resume(), after);
  }
}
