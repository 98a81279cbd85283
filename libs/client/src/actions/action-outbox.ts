import { utf8Length, type AckFrame, type ErrorFrame, type Json } from '@statewire/protocol';
import { AsyncSubject, throwError, type Observable } from 'rxjs';

import type { Environment } from '../core/environment.js';
import { RealtimeClientError, type ClientErrorCode } from '../core/realtime-client-error.js';
import { actionFrame, type ActionCarrier, type PendingAction } from './pending-action.js';

const MOST_UNANSWERED = 100;
/** The server's default, in force until it tells. */
const DEFAULT_WINDOW = 120_000;

/**
 * Actions from the moment they are asked for until they are answered. One carrier at a time takes them; a new carrier
 * gets all that are unanswered, in order, before newer ones. The server's memory of ids makes sending again harmless,
 * but only for its `actionWindow` and for the same identity: beyond that the outcome is unknown and said to be so.
 */
export class ActionOutbox {
  private readonly unanswered = new Map<string, PendingAction>();
  private carrier: ActionCarrier | undefined;
  private isClosed = false;
  /** Of the largest frame that the server takes; 0: without limit, or not known yet. */
  private frameBytes = 0;
  private window = DEFAULT_WINDOW;

  constructor(private readonly environment: Environment) {}

  get isEmpty(): boolean {
    return this.unanswered.size === 0;
  }

  /**
   * Takes an action and hands it to the carrier, if there is one. `expiresAfter` 0: never. `begin` is called where it
   * is taken, and what it returns with its end.
   */
  add(
    name: string,
    data: unknown,
    expiresAfter: number,
    begin: () => PendingAction['settle'] = () => ignore,
  ): Observable<Json | undefined> {
    if (this.isClosed) return refused('client_closed', 'close() was called: make a new client.', false);
    if (this.unanswered.size >= MOST_UNANSWERED) {
      return refused('too_many_requests', `${MOST_UNANSWERED} actions are unanswered: wait for one of them.`, true);
    }
    let json: string | undefined;
    try {
      json = JSON.stringify(data);
    } catch {
      return refused('bad_request', 'The data of an action must be JSON: no cycles, no BigInt.', false);
    }
    const fields = { id: this.environment.id(), name, json };
    const action: PendingAction = {
      ...fields,
      bytes: utf8Length(actionFrame(fields)),
      result: new AsyncSubject(),
      settle: ignore,
      firstSentAt: undefined,
      carrier: undefined,
    };
    if (this.isTooLarge(action)) return refused('too_large', tooLarge(action, this.frameBytes), false);
    this.unanswered.set(action.id, action);
    action.settle = begin();
    if (expiresAfter > 0) {
      this.later(action, expiresAfter, () => {
        if (action.firstSentAt !== undefined) return;
        this.fail(action, 'not_sent', `There was no way to the server for ${expiresAfter} ms: it was never sent.`);
      });
    }
    this.pump();
    return action.result;
  }

  /** From now on this carrier takes the actions, the unanswered ones first; undefined: there is no way at the moment. */
  use(carrier: ActionCarrier | undefined): void {
    if (carrier === this.carrier) return;
    this.carrier = carrier;
    this.pump();
  }

  /** Hands the carrier what it may send now. */
  pump(): void {
    const now = this.environment.monotonic();
    for (const action of [...this.unanswered.values()]) {
      if (action.carrier !== this.carrier && this.isBeyondWindow(action, now)) this.unknown(action);
    }
    // Who heard of an unknown outcome may have ended the way meanwhile.
    if (!this.isEmpty) this.carrier?.carry([...this.unanswered.values()]);
  }

  /** A carrier says that it hands the action to the network now. */
  sent(action: PendingAction, carrier: ActionCarrier): void {
    action.carrier = carrier;
    if (action.firstSentAt !== undefined) return;
    action.firstSentAt = this.environment.monotonic();
    this.later(action, this.window, () => {
      const isInGoodHands = this.carrier !== undefined && action.carrier === this.carrier;
      if (!isInGoodHands) this.unknown(action);
    });
  }

  /** The server did not start it: it is sent again, before all that were not sent yet. */
  takeBack(id: string): void {
    const action = this.unanswered.get(id);
    if (action !== undefined) action.carrier = undefined;
    this.pump();
  }

  answer(frame: AckFrame | (ErrorFrame & { readonly id: string })): void {
    const action = this.unanswered.get(frame.id);
    if (action === undefined) return;
    this.unanswered.delete(frame.id);
    if (frame.type === 'ack') {
      action.settle(frame.positions);
      action.result.next(frame.data);
      action.result.complete();
    } else {
      const { code, message, details, temporary } = frame;
      action.settle();
      action.result.error(new RealtimeClientError(code, message, details, temporary));
    }
    this.pump();
  }

  /** What the server told about itself. */
  learn(told: { readonly actionWindow: number; readonly frameBytes?: number }): void {
    this.window = told.actionWindow;
    this.frameBytes = told.frameBytes ?? this.frameBytes;
    for (const action of [...this.unanswered.values()]) {
      if (this.isTooLarge(action)) this.fail(action, 'too_large', tooLarge(action, this.frameBytes));
    }
  }

  /** Somebody else may be here now: what was asked for before must not run in another name. */
  identityChanged(): void {
    this.giveUp('The credentials changed before it was sent.');
  }

  close(): void {
    this.isClosed = true;
    this.giveUp('The client was closed before it was sent.');
  }

  private giveUp(whyNotSent: string): void {
    for (const action of [...this.unanswered.values()]) {
      if (action.firstSentAt === undefined) this.fail(action, 'not_sent', whyNotSent);
      else this.unknown(action);
    }
  }

  private later(action: PendingAction, delay: number, callback: () => void): void {
    const timer = this.environment.setTimer(callback, delay);
    const cancel = () => timer.cancel();
    action.result.subscribe({ error: cancel, complete: cancel });
  }

  private isBeyondWindow({ firstSentAt }: PendingAction, now: number): boolean {
    return firstSentAt !== undefined && now - firstSentAt > this.window;
  }

  private isTooLarge({ bytes }: PendingAction): boolean {
    return this.frameBytes > 0 && bytes > this.frameBytes;
  }

  private unknown(action: PendingAction): void {
    this.fail(action, 'outcome_unknown', 'It was sent, but the answer was lost: it may or may not have taken effect.');
  }

  private fail(action: PendingAction, code: ClientErrorCode, message: string): void {
    this.unanswered.delete(action.id);
    action.settle();
    action.result.error(new RealtimeClientError(code, message));
  }
}

function refused(code: ClientErrorCode, message: string, temporary: boolean): Observable<never> {
  return throwError(() => new RealtimeClientError(code, message, undefined, temporary));
}

function tooLarge({ bytes }: PendingAction, limit: number): string {
  return `It takes ${bytes} bytes and the server accepts ${limit}: send less, or raise its limit.`;
}

function ignore(): void {}
