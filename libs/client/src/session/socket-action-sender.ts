import { SAFE_FRAME_BYTES, type ErrorFrame } from '@statewire/protocol';

import { actionFrame, type ActionOutbox } from '../actions/action-outbox.js';
import type { ActionSender, PendingAction } from '../actions/pending-action.js';
import { isRejectedBeforeStart } from '../actions/rejected-before-start.js';
import type { ClientEnvironment } from '../core/environment.js';
import { limitRetryAfter } from '../core/retry-after.js';
import type { Emit, SessionEvent } from './client-event.js';
import type { FrameBudget } from './frame-budget.js';

/** Half of the queue of a server by default. Further actions wait in the client, where no server can reject them. */
const MAX_ACTIONS_IN_FLIGHT = 32;

/** Sends actions over one WebSocket, no more at a time and no faster than the server accepts them. */
export class SocketActionSender implements ActionSender {
  readonly #post: (text: string) => void;
  readonly #outbox: ActionOutbox;
  readonly #budget: FrameBudget;
  readonly #environment: ClientEnvironment;
  readonly #emit: Emit<SessionEvent>;

  #isWelcomed = false;
  #isDraining = false;
  /** On the monotonic clock. The server accepts no actions before. */
  #pausedUntil = 0;
  /** 1 after a rejected action, so that no other action overtakes it. */
  #maxInFlight = MAX_ACTIONS_IN_FLIGHT;

  constructor(
    post: (text: string) => void,
    outbox: ActionOutbox,
    budget: FrameBudget,
    environment: ClientEnvironment,
    emit: Emit<SessionEvent>,
  ) {
    this.#post = post;
    this.#outbox = outbox;
    this.#budget = budget;
    this.#environment = environment;
    this.#emit = emit;
  }

  handleWelcome(): void {
    this.#isWelcomed = true;
  }

  handleDrain(): void {
    this.#isDraining = true;
  }

  send(unanswered: readonly PendingAction[]): void {
    let inFlight = unanswered.filter(({ sender }) => sender === this).length;
    let hasSent = false;
    for (const action of unanswered) {
      if (action.sender === this) continue;
      if (inFlight >= this.#maxInFlight || (!this.#isWelcomed && action.frameBytes > SAFE_FRAME_BYTES)) break;
      const delay = Math.max(this.#budget.delay, this.#pausedUntil - this.#environment.monotonic());
      if (delay > 0) {
        this.#emit({ type: 'actions-delayed', delay });
        break;
      }
      this.#post(actionFrame(this.#outbox.markSent(action, this)));
      inFlight += 1;
      hasSent = true;
    }
    if (hasSent) this.#emit({ type: 'request-sent' });
  }

  confirm(): void {
    if (this.#isWelcomed) this.#post('{"type":"pong"}');
  }

  handleAnswer(frame: Parameters<ActionOutbox['handleAnswer']>[0]): void {
    this.#maxInFlight = MAX_ACTIONS_IN_FLIGHT;
    this.#outbox.handleAnswer(frame);
  }

  handleError(error: ErrorFrame & { readonly id: string }): void {
    // A draining server starts no more actions. The action goes to the next server with everything unanswered.
    if (this.#isDraining && error.code === 'unavailable') return;
    if (!isRejectedBeforeStart(error)) return this.handleAnswer(error);
    this.#maxInFlight = 1;
    this.#pausedUntil = this.#environment.monotonic() + limitRetryAfter(error.retryAfter);
    this.#outbox.requeue(error.id);
  }
}
