import { RealtimeClientError, type ClientErrorCode } from '@statewire/client';
import type { Json } from '@statewire/protocol';
import { ReplaySubject, type Observable } from 'rxjs';

import { jsonProjection } from './json-projection.js';

/** An action the application sent, waiting for the test's answer. Given by `RealtimeTestingController.expectAction()`. */
export class TestAction<D = unknown, R = unknown> {
  readonly #answer = new ReplaySubject<R>();
  #isAnswered = false;
  #onAnswer: () => void = () => undefined;

  /** What was sent, as JSON leaves it. */
  readonly data: D;
  /** @internal */
  readonly answer: Observable<R> = this.#answer.asObservable();

  constructor(
    /** The action's name, such as `battles/pause`. */
    readonly name: string,
    data: D,
  ) {
    this.data = jsonProjection(data);
  }

  /** @internal Called before the answer is told. */
  whenAnswered(callback: () => void): void {
    this.#onAnswer = callback;
  }

  /**
   * Acknowledges the action: its optimistic updates are dropped, its observable emits the result and completes. Publish
   * first what the handler publishes.
   *
   * @throws Error where it was answered already.
   */
  respond(result: NoInfer<R>): void {
    this.#answerOnce();
    this.#answer.next(jsonProjection(result));
    this.#answer.complete();
  }

  /**
   * Refuses the action: its optimistic updates are rolled back, its observable errs with a `RealtimeClientError` of this
   * code.
   *
   * @throws Error where it was answered already.
   */
  refuse(code: ClientErrorCode, message = `The test refused "${this.name}".`, details?: Json): void {
    this.#answerOnce();
    this.#answer.error(new RealtimeClientError(code, message, details));
  }

  #answerOnce(): void {
    if (this.#isAnswered) throw new Error(`"${this.name}" was answered already. An action has one answer.`);
    this.#isAnswered = true;
    this.#onAnswer();
  }
}
