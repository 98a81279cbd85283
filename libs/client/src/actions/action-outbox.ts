import { SAFE_FRAME_BYTES, utf8Length, type AckFrame, type ErrorFrame, type Json } from '@statewire/protocol';
import { AsyncSubject, throwError, type Observable } from 'rxjs';

import { MAX_TIMER_DELAY_MS, type ClientEnvironment, type Timer } from '../core/environment.js';
import { RealtimeClientError, toClientError, type ClientErrorCode } from '../core/realtime-client-error.js';
import type { ActionSender, PendingAction } from './pending-action.js';

const MAX_UNANSWERED_ACTIONS = 100;
/** The default of a server. It applies until the server announces its own value. */
const DEFAULT_ACTION_WINDOW_MS = 120_000;

/** Tells the server that it may have run the action, and for how many milliseconds that has been possible. */
const again = (age: number) => `,"again":true,"age":${age}`;

/** Most answers that one frame confirms. */
const MAX_ANSWERED_PER_FRAME = 32;
/** Confirmed answers to repeat on the next transport, because the last frames of the old one may be lost. */
const MAX_REPEATED = 64;
/** Time for another frame to confirm an answer. */
const CONFIRM_AFTER_MS = 1_000;

/**
 * Keeps actions until the server answers them. One sender at a time sends them. A new sender gets all unanswered
 * actions in order, before newer ones. The server remembers ids, so a resent action does not run twice. This holds only
 * within the server's `actionWindow` and for the same user. Otherwise the action fails with `outcome_unknown`.
 */
export class ActionOutbox {
  readonly #environment: ClientEnvironment;

  readonly #unanswered = new Map<string, PendingAction>();
  #sender: ActionSender | undefined;
  #isClosed = false;
  /** Bytes of the largest frame that the server accepts; 0 while it is unknown or unlimited. */
  #maxFrameBytes = 0;
  #actionWindow = DEFAULT_ACTION_WINDOW_MS;
  /** Ids of answered actions, first those that the current sender has confirmed. */
  readonly #answered: string[] = [];
  #confirmed = 0;
  #confirmTimer: Timer | undefined;

  constructor(environment: ClientEnvironment) {
    this.#environment = environment;
  }

  get isEmpty(): boolean {
    return this.#unanswered.size === 0;
  }

  /**
   * Adds an action and passes it to the sender, if there is one.
   *
   * @param expiresAfterMs milliseconds after which an action that was never sent fails with `not_sent`; 0: never.
   * @param showUpdates is called once the outbox accepts the action. It returns {@link PendingAction.settleUpdates}.
   */
  add(
    name: string,
    data: unknown,
    expiresAfterMs: number,
    showUpdates: () => PendingAction['settleUpdates'] = () => ignore,
  ): Observable<Json | undefined> {
    if (this.#isClosed)
      return failed(name, 'client_closed', 'was not sent, because the client is closed. Create a new client.');
    if (this.#unanswered.size >= MAX_UNANSWERED_ACTIONS) {
      const why = `was not sent, because ${MAX_UNANSWERED_ACTIONS} actions are unanswered. Wait until one of them is answered.`;
      return failed(name, 'too_many_requests', why, true);
    }
    let json: string | undefined;
    try {
      json = JSON.stringify(data);
    } catch {
      return failed(
        name,
        'bad_request',
        'was not sent, because its data is no JSON: it has a cycle or a BigInt value.',
      );
    }
    const id = this.#environment.id();
    const members = `"id":${JSON.stringify(id)},"name":${JSON.stringify(name)}${json === undefined ? '' : `,"data":${json}`}`;
    const action: PendingAction = {
      ...{ id, name, members, frameBytes: utf8Length(actionFrame(members + again(MAX_TIMER_DELAY_MS))) },
      result: new AsyncSubject(),
      settleUpdates: ignore,
      firstSentAt: undefined,
      firstSentTime: 0,
      sender: undefined,
      copies: 0,
    };
    if (this.#isTooLarge(action)) return failed(name, 'too_large', describeSize(action, this.#limit));
    this.#unanswered.set(action.id, action);
    action.settleUpdates = showUpdates();
    if (expiresAfterMs > 0) {
      this.#setTimer(action, expiresAfterMs, () => {
        if (action.firstSentAt !== undefined) return;
        this.#fail(action, 'not_sent', `was not sent, because there was no connection for ${expiresAfterMs} ms.`);
      });
    }
    this.flush();
    return action.result;
  }

  /** Sets the sender and passes it the unanswered actions. Undefined: no transport works at the moment. */
  setSender(sender: ActionSender | undefined): void {
    if (sender === this.#sender) return;
    this.#sender = sender;
    this.#confirmed = 0;
    this.flush();
  }

  /** Passes the unanswered actions to the sender. */
  flush(): void {
    const now = this.#environment.monotonic();
    for (const action of [...this.#unanswered.values()]) {
      if (action.sender !== this.#sender && this.#isBeyondWindow(action, now)) this.#failWithUnknownOutcome(action);
    }
    // An observer of a failed action may have changed the sender.
    if (!this.isEmpty) this.#sender?.send([...this.#unanswered.values()]);
  }

  /**
   * Records that a sender passes the action to the network now.
   *
   * @returns the members of the action, with `again` if a server may have an earlier copy.
   * @throws Error if the action has ended.
   */
  markSent(action: PendingAction, sender: ActionSender): string {
    const { copies, members } = action;
    if (!this.#unanswered.has(action.id)) throw new Error();
    action.sender = sender;
    action.copies += 1;
    if (action.firstSentAt === undefined) {
      action.firstSentAt = this.#environment.monotonic();
      action.firstSentTime = this.#environment.now();
      this.#setTimer(action, this.#actionWindow, () => {
        const isWithSender = this.#sender !== undefined && action.sender === this.#sender;
        if (!isWithSender) this.#failWithUnknownOutcome(action);
      });
    }
    return copies > 0 ? members + again(this.#ageOf(action)) : members;
  }

  /** Sends an action again after the server rejected it before its start. It keeps its place before newer actions. */
  requeue(id: string): void {
    const action = this.#unanswered.get(id);
    if (action !== undefined) {
      action.sender = undefined;
      action.copies -= 1;
    }
    this.flush();
  }

  /** Ends an action with the server's answer. */
  handleAnswer(frame: AckFrame | (ErrorFrame & { readonly id: string })): void {
    const action = this.#unanswered.get(frame.id);
    if (action === undefined) return;
    this.#unanswered.delete(frame.id);
    // A server that forgot the action would run a late copy of it.
    if (action.copies === 1) this.#confirm(action.id);
    if (frame.type === 'ack') {
      action.settleUpdates(frame.positions);
      action.result.next(frame.data);
      action.result.complete();
    } else {
      action.settleUpdates();
      action.result.error(toClientError(frame));
    }
    this.flush();
  }

  /** Applies the limits of the server: its `actionWindow` in milliseconds, and its largest frame in bytes. */
  setLimits(limits: { readonly actionWindow: number; readonly frameBytes?: number }): void {
    this.#actionWindow = limits.actionWindow;
    this.#maxFrameBytes = limits.frameBytes ?? this.#maxFrameBytes;
    for (const action of [...this.#unanswered.values()]) {
      if (this.#isTooLarge(action)) this.#failTooLarge(action, this.#sender, this.#limit);
    }
  }

  /**
   * Ends the largest action that the sender has sent, because the server or a proxy rejected a frame for its size.
   *
   * @param otherBytes the size of the largest other frame. A larger action is to blame.
   */
  handleTooLarge(sender: ActionSender, otherBytes = 0): void {
    let largest: PendingAction | undefined;
    for (const action of this.#unanswered.values()) {
      if (action.sender === sender && action.frameBytes > (largest?.frameBytes ?? otherBytes)) largest = action;
    }
    if (largest) this.#failTooLarge(largest, sender, 'the server or a proxy accepts');
  }

  /** Adds the ids of answered actions to a JSON object for the server, which then forgets the answers. */
  withAnswered(text: string): string {
    const ids = this.#answered.slice(this.#confirmed, this.#confirmed + MAX_ANSWERED_PER_FRAME);
    const longer = `${text.slice(0, -1)},"answered":${JSON.stringify(ids)}}`;
    // A UTF-16 unit has at most three bytes in UTF-8.
    if (ids.length === 0 || longer.length * 3 > (this.#maxFrameBytes || SAFE_FRAME_BYTES)) return text;
    this.#answered.splice(0, Math.max(0, this.#confirmed - MAX_REPEATED));
    this.#confirmed = Math.min(this.#confirmed, MAX_REPEATED) + ids.length;
    return longer;
  }

  /** Fails every action, because an action must not run in the name of another user. */
  handleIdentityChange(): void {
    this.#answered.length = this.#confirmed = 0;
    this.#failAll('the credentials changed');
  }

  close(): void {
    this.#isClosed = true;
    this.#confirmTimer?.cancel();
    this.#failAll('the client was closed');
  }

  /** Has the answer confirmed by the next frame, or by a frame of its own if none follows soon. */
  #confirm(id: string): void {
    this.#answered.push(id);
    if (this.#sender?.confirm === undefined) return;
    this.#confirmTimer ??= this.#environment.setTimer(() => {
      this.#confirmTimer = undefined;
      if (this.#confirmed < this.#answered.length) this.#sender?.confirm?.();
    }, CONFIRM_AFTER_MS);
  }

  #failAll(why: string): void {
    for (const action of [...this.#unanswered.values()]) {
      if (action.firstSentAt === undefined) this.#fail(action, 'not_sent', `was not sent, because ${why}.`);
      else this.#failWithUnknownOutcome(action);
    }
  }

  /** Sets a timer that the end of the action cancels. */
  #setTimer(action: PendingAction, delay: number, callback: () => void): void {
    const timer = this.#environment.setTimer(callback, delay);
    const cancel = () => timer.cancel();
    action.result.subscribe({ error: cancel, complete: cancel });
  }

  /** Returns the larger age of both clocks, because a monotonic clock may stop while the machine sleeps. */
  #ageOf({ firstSentAt = 0, firstSentTime }: PendingAction): number {
    const environment = this.#environment;
    const age = Math.max(environment.monotonic() - firstSentAt, environment.now() - firstSentTime);
    return Math.min(Math.ceil(age), MAX_TIMER_DELAY_MS);
  }

  #isBeyondWindow({ firstSentAt }: PendingAction, now: number): boolean {
    return firstSentAt !== undefined && now - firstSentAt > this.#actionWindow;
  }

  #isTooLarge({ frameBytes }: PendingAction): boolean {
    return this.#maxFrameBytes > 0 && frameBytes > this.#maxFrameBytes;
  }

  get #limit(): string {
    return `the server's limit of ${this.#maxFrameBytes}`;
  }

  /** A server may have run an earlier copy, when its limit was higher. */
  #failTooLarge(action: PendingAction, sender: ActionSender | undefined, limit: string): void {
    const rejected = action.sender === sender ? 1 : 0;
    if (action.copies > rejected) this.#failWithUnknownOutcome(action);
    else this.#fail(action, 'too_large', describeSize(action, limit));
  }

  #failWithUnknownOutcome(action: PendingAction): void {
    this.#fail(action, 'outcome_unknown', 'was sent, but its answer was lost. It may or may not have taken effect.');
  }

  #fail(action: PendingAction, code: ClientErrorCode, what: string): void {
    this.#unanswered.delete(action.id);
    action.settleUpdates();
    action.result.error(actionError(action.name, code, what));
  }
}

/** Returns the `action` frame with the {@link PendingAction.members} of an action. */
export function actionFrame(members: string): string {
  return `{"type":"action",${members}}`;
}

function describeSize({ frameBytes }: PendingAction, limit: string): string {
  return `takes ${frameBytes} bytes, more than ${limit}. Send less data, or raise the limit.`;
}

function failed(name: string, code: ClientErrorCode, what: string, temporary?: boolean): Observable<never> {
  return throwError(() => actionError(name, code, what, temporary));
}

/** @param what is the rest of a sentence that begins with the action. */
function actionError(name: string, code: ClientErrorCode, what: string, temporary?: boolean): RealtimeClientError {
  return new RealtimeClientError(code, `The action "${name}" ${what}`, undefined, temporary);
}

function ignore(): void {}
