import {
  ERROR_CODES,
  type AckFrame,
  type ErrorCode,
  type ErrorFrame,
  type Json,
  type TopicPosition,
} from '@statewire/protocol';

/** An action that the fake server received. */
export interface FakeInvocation {
  readonly clientId: string;
  readonly id: string;
  readonly name: string;
  readonly data: Json | undefined;
  readonly transport: 'websocket' | 'polling';
}

/** An error that a handler of the fake server throws to answer an action with an error code. */
export class FakeActionError extends Error {
  constructor(
    readonly code: ErrorCode,
    message = 'The test rejects the action.',
  ) {
    super(message);
  }
}

/** Handles an action. The result, or the promise of one, is the data of `ack`. */
export type FakeHandler = (data: never, invocation: FakeInvocation) => unknown;

/** The handlers of actions, and the answers that make each action run once. */
export class FakeActions {
  private readonly handlers = new Map<string, FakeHandler>();
  private readonly answers = new Map<string, Promise<AckFrame | ErrorFrame>>();

  /** Every action that ran, in order. */
  readonly run: FakeInvocation[] = [];
  /** Every action that arrived, including those that were sent again. */
  readonly received: FakeInvocation[] = [];

  handle(name: string, handler: FakeHandler): void {
    this.handlers.set(name, handler);
  }

  /**
   * Runs an action, or returns the answer that it already has.
   *
   * @param positions returns the positions of the topics that the handler published to.
   * @param isVisible tells whether the client may learn the position of a topic.
   */
  async act(
    invocation: FakeInvocation,
    positions: () => readonly TopicPosition[],
    isVisible: (topic: string) => boolean,
  ): Promise<AckFrame | ErrorFrame> {
    this.received.push(invocation);
    const key = `${invocation.clientId} ${invocation.id}`;
    const existing = this.answers.get(key) ?? this.start(invocation, positions);
    this.answers.set(key, existing);
    const answer = await existing;
    if (answer.type === 'error') return answer;
    return { ...answer, positions: answer.positions?.filter(({ topic }) => isVisible(topic)) ?? [] };
  }

  /** Forgets all answers, as a server without a shared broker does at a restart. */
  forget(): void {
    this.answers.clear();
  }

  private async start(
    invocation: FakeInvocation,
    positions: () => readonly TopicPosition[],
  ): Promise<AckFrame | ErrorFrame> {
    const { id, name, data } = invocation;
    const handler = this.handlers.get(name);
    try {
      if (handler === undefined)
        throw new FakeActionError('unknown_action', `The test has no handler for ${name}. Call server.handle().`);
      this.run.push(invocation);
      const result = await handler(data as never, invocation);
      return { type: 'ack', id, ...(result !== undefined && { data: result as Json }), positions: positions() };
    } catch (error) {
      const { code, message } =
        error instanceof FakeActionError ? error : new FakeActionError('internal', 'The handler of the test failed.');
      return { type: 'error', id, code, message, temporary: ERROR_CODES[code].temporary };
    }
  }
}
