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
  /** The `clientId` of the client that sent it. */
  readonly clientId: string;
  /** The id that the client gave it. A repeated action has the same id. */
  readonly id: string;
  /** The action name, such as `battles/pause`. */
  readonly name: string;
  /** Input of the handler. Undefined if the action has none. */
  readonly data: Json | undefined;
  /** Whether the client says that it has sent the action before. */
  readonly again: boolean;
  /** The transport that brought it: a WebSocket, or HTTP while the client polls. */
  readonly transport: 'websocket' | 'polling';
}

/** An error that a handler of the fake server throws to answer an action with an error code. */
export class FakeActionError extends Error {
  constructor(
    /** Code of the error frame. */
    readonly code: ErrorCode,
    message = 'The test rejects the action.',
    /** `details` of the error frame. Absent: the frame has none. */
    readonly details?: Json,
  ) {
    super(message);
  }
}

/** Handles an action. The result, or the promise of one, is the data of `ack`. */
export type FakeHandler = (data: never, invocation: FakeInvocation) => unknown;

/** The handlers of actions, and the answers that make each action run once. */
export class FakeActions {
  private readonly handlers = new Map<string, FakeHandler>();
  private readonly runs = new Map<string, ActionRun>();

  /** Handles actions without a handler of their own. */
  fallback: FakeHandler | undefined;

  /** Every action that ran, in order. */
  readonly run: FakeInvocation[] = [];
  /** Every action that arrived, including those that were sent again. */
  readonly received: FakeInvocation[] = [];

  /** Sets the handler of an action by name. It replaces an earlier one. */
  handle(name: string, handler: FakeHandler): void {
    this.handlers.set(name, handler);
  }

  /**
   * @internal
   *
   * Runs an action unless it has run, and replies with its answer.
   *
   * @param positions returns the positions of the topics that the handler published to.
   * @param isVisible tells whether the client may learn the position of a topic.
   */
  act(
    invocation: FakeInvocation,
    positions: () => readonly TopicPosition[],
    isVisible: (topic: string) => boolean,
    reply: (answer: AckFrame | ErrorFrame) => void,
  ): void {
    this.received.push(invocation);
    const key = `${invocation.clientId} ${invocation.id}`;
    const run = this.runs.get(key) ?? new ActionRun();
    run.whenAnswered((answer) => {
      const visible = answer.type === 'ack' ? answer.positions?.filter(({ topic }) => isVisible(topic)) : undefined;
      reply(answer.type === 'ack' ? { ...answer, positions: visible ?? [] } : answer);
    });
    if (this.runs.has(key)) return;
    this.runs.set(key, run);
    this.start(run, invocation, positions);
  }

  /**
   * Number of actions that the server remembers: those that run, and those whose answer the client has not confirmed.
   */
  get remembered(): number {
    return this.runs.size;
  }

  /** @internal Forgets the answers that a client has. A running action stays. */
  confirm(clientId: string, answered: readonly string[] = []): void {
    for (const id of answered) {
      const key = `${clientId} ${id}`;
      if (this.runs.get(key)?.isAnswered) this.runs.delete(key);
    }
  }

  /** @internal Forgets all answers, as a server without a shared broker does at a restart. */
  forget(): void {
    this.runs.clear();
  }

  private start(run: ActionRun, invocation: FakeInvocation, positions: () => readonly TopicPosition[]): void {
    const { id, name, data } = invocation;
    const succeed = (result: unknown): void =>
      run.answer({ type: 'ack', id, ...(result !== undefined && { data: result as Json }), positions: positions() });
    const fail = (error: unknown): void => run.answer(errorFrame(id, error));
    const handler = this.handlers.get(name) ?? this.fallback;
    try {
      if (handler === undefined) {
        throw new FakeActionError('unknown_action', `The test has no handler for ${name}. Call server.handle().`);
      }
      this.run.push(invocation);
      const result = handler(data as never, invocation);
      if (isPromise(result)) result.then(succeed, fail);
      else succeed(result);
    } catch (error) {
      fail(error);
    }
  }
}

/** An action that has started, and the callbacks that wait for its answer. */
class ActionRun {
  private result: AckFrame | ErrorFrame | undefined;
  private readonly waiting: ((answer: AckFrame | ErrorFrame) => void)[] = [];

  get isAnswered(): boolean {
    return this.result !== undefined;
  }

  whenAnswered(callback: (answer: AckFrame | ErrorFrame) => void): void {
    if (this.result === undefined) this.waiting.push(callback);
    else callback(this.result);
  }

  answer(result: AckFrame | ErrorFrame): void {
    this.result = result;
    for (const callback of this.waiting.splice(0)) callback(result);
  }
}

function errorFrame(id: string, error: unknown): ErrorFrame {
  const { code, message, details } =
    error instanceof FakeActionError ? error : new FakeActionError('internal', 'The handler of the test failed.');
  const { temporary } = ERROR_CODES[code];
  return { type: 'error', id, code, message, temporary, ...(details !== undefined && { details }) };
}

function isPromise(result: unknown): result is PromiseLike<unknown> {
  return typeof result === 'object' && result !== null && 'then' in result;
}
