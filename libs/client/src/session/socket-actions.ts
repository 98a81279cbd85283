import type { ErrorFrame } from '@statewire/protocol';

import type { ActionOutbox } from '../actions/action-outbox.js';
import { isNotStarted } from '../actions/not-started.js';
import { actionFrame, type ActionCarrier, type PendingAction } from '../actions/pending-action.js';
import type { Environment } from '../core/environment.js';
import type { FrameBudget } from './frame-budget.js';
import { believedRetryAfter } from '../core/retry-after.js';
import type { SessionListener } from './session-listener.js';

/** What every server takes before it told its limit in `welcome`. */
const SURE_FRAME_BYTES = 64 * 1024;

/** Half of what servers let wait by default, so that a slow handler makes actions wait here and not be refused there. */
const MOST_IN_FLIGHT = 32;

/** The actions that one socket carries: how many at a time, of what size, and when. */
export class SocketActions implements ActionCarrier {
  /** Whether the server told its limits; set by {@link welcomed}. */
  isWelcomed = false;

  /** The server asked not to be sent actions; on the monotonic clock. */
  private restUntil = 0;
  /** Actions that may be in flight: one where the last was refused, so that none overtakes it. */
  private mostInFlight = MOST_IN_FLIGHT;
  private isDraining = false;

  constructor(
    private readonly post: (text: string) => void,
    private readonly outbox: ActionOutbox,
    private readonly budget: FrameBudget,
    private readonly environment: Environment,
    private readonly listener: SessionListener,
  ) {}

  welcomed(): void {
    this.isWelcomed = true;
  }

  drain(): void {
    this.isDraining = true;
  }

  /** As many as the server takes now, in order; the others when {@link SessionListener.carryLater} comes back. */
  carry(unanswered: readonly PendingAction[]): void {
    let inFlight = unanswered.filter(({ carrier }) => carrier === this).length;
    let isNew = false;
    for (const action of unanswered) {
      if (action.carrier === this) continue;
      if (inFlight >= this.mostInFlight || (!this.isWelcomed && action.bytes > SURE_FRAME_BYTES)) break;
      const delay = Math.max(this.budget.delay, this.restUntil - this.environment.monotonic());
      if (delay > 0) {
        this.listener.carryLater(delay);
        break;
      }
      this.outbox.sent(action, this);
      this.post(actionFrame(action));
      inFlight += 1;
      isNew = true;
    }
    if (isNew) this.listener.asked();
  }

  answer(frame: Parameters<ActionOutbox['answer']>[0]): void {
    this.mostInFlight = MOST_IN_FLIGHT;
    this.outbox.answer(frame);
  }

  refuse(error: ErrorFrame & { readonly id: string }): void {
    // A draining node starts no more actions: it goes to the next one, as everything unanswered does.
    if (this.isDraining && error.code === 'unavailable') return;
    if (!isNotStarted(error)) return this.answer(error);
    this.mostInFlight = 1;
    this.restUntil = this.environment.monotonic() + believedRetryAfter(error.retryAfter);
    this.outbox.takeBack(error.id);
  }
}
