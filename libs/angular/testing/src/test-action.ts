import type { ErrorCode, Json } from '@statewire/protocol';
import { FakeActionError } from '@statewire/testing';

interface Answer {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An action that the application has sent and the test has to answer. `RealtimeTestingController.expectAction()`
 * returns it.
 */
export class TestAction<D = unknown, R = unknown> {
  #isAnswered = false;
  #answer: Answer | undefined;

  /** @internal Settles in the call that answers the action, unlike a promise. */
  readonly result: PromiseLike<unknown> = {
    then: (resolve, reject) => {
      this.#answer = {
        resolve: (result) => void resolve?.(result),
        reject: (error) => void reject?.(error),
      };
      return this.result as PromiseLike<never>;
    },
  };

  /** @internal */
  constructor(
    /** Name of the action, such as `battles/pause`. */
    readonly name: string,
    /** The data of the action, as JSON transports it. */
    readonly data: D,
    private readonly deliver: () => void,
  ) {}

  /**
   * Acknowledges the action. Its optimistic updates end, and its observable emits the result and completes. First
   * publish what the handler would publish.
   *
   * @throws Error if the action already has an answer.
   */
  respond(result: NoInfer<R>): void {
    this.#answerOnce().resolve(result);
    this.deliver();
  }

  /**
   * Rejects the action. Its optimistic updates are rolled back, and its observable fails with a `RealtimeClientError`
   * of this code. After a temporary code, such as `unavailable`, the client sends the action again.
   *
   * @throws Error if the action already has an answer.
   */
  reject(code: ErrorCode, message = `The test rejected "${this.name}".`, details?: Json): void {
    this.#answerOnce().reject(new FakeActionError(code, message, details));
    this.deliver();
  }

  #answerOnce(): Answer {
    const answer = this.#answer;
    if (this.#isAnswered || answer === undefined) {
      throw new Error(`"${this.name}" already has an answer. Answer an action once.`);
    }
    this.#isAnswered = true;
    return answer;
  }
}
