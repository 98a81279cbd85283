import type { Json, TopicPosition } from '@statewire/protocol';
import type { AsyncSubject } from 'rxjs';

/** An action that the server has not answered yet. */
export interface PendingAction {
  readonly id: string;
  readonly name: string;
  /** The members `id`, `name` and `data` as JSON without braces. Every copy has the same bytes. */
  readonly members: string;
  /** Size of the `action` frame in UTF-8 bytes, with `again`. */
  readonly frameBytes: number;
  readonly result: AsyncSubject<Json | undefined>;
  /**
   * Settles the optimistic updates, just before the result. It takes the positions of the topics that the action
   * changed, or nothing if the action had no effect.
   */
  settleUpdates: (positions?: readonly TopicPosition[]) => void;
  /** On the monotonic clock; undefined until a sender has sent the action. */
  firstSentAt: number | undefined;
  /** The same on the wall clock, which goes on while the machine sleeps. */
  firstSentTime: number;
  /** The sender that has the action, unless the server rejected it before it started. */
  sender: ActionSender | undefined;
  /** Copies that were sent and not answered. The server may still get each of them. */
  copies: number;
}

/** A transport that sends actions to the server. */
export interface ActionSender {
  /** Sends as many of the unanswered actions as it can, in order. */
  send(unanswered: readonly PendingAction[]): void;
  /** Sends a frame for {@link ActionOutbox.withAnswered}. Missing if the transport has one to send soon anyway. */
  confirm?(): void;
}
