import {
  ERROR_CODES,
  type AckFrame,
  type ErrorCode,
  type ErrorFrame,
  type Json,
  type TopicPosition,
} from '@statewire/protocol';

/** An action as it reached the fake server. */
export interface FakeInvocation {
  readonly clientId: string;
  readonly id: string;
  readonly name: string;
  readonly data: Json | undefined;
  readonly transport: 'websocket' | 'polling';
}

/** Thrown by a fake handler, it becomes the error that the client gets. */
export class FakeRefusal extends Error {
  constructor(
    readonly code: ErrorCode,
    message = 'refused by the test',
  ) {
    super(message);
  }
}

export type FakeHandler = (data: never, invocation: FakeInvocation) => unknown;

/** Handlers of actions and the memory that makes each run once. */
export class FakeActions {
  private readonly handlers = new Map<string, FakeHandler>();
  private readonly answers = new Map<string, Promise<AckFrame | ErrorFrame>>();

  /** Every action that was run, in order. */
  readonly run: FakeInvocation[] = [];
  /** Every action that came in, sent again or not. */
  readonly received: FakeInvocation[] = [];

  handle(name: string, handler: FakeHandler): void {
    this.handlers.set(name, handler);
  }

  /** `positions` tells where the topics stand that the handler published to, `isTold` which of them the asker hears of. */
  async act(
    invocation: FakeInvocation,
    positions: () => readonly TopicPosition[],
    isTold: (topic: string) => boolean,
  ): Promise<AckFrame | ErrorFrame> {
    this.received.push(invocation);
    const key = `${invocation.clientId} ${invocation.id}`;
    const known = this.answers.get(key) ?? this.start(invocation, positions);
    this.answers.set(key, known);
    const answer = await known;
    if (answer.type === 'error') return answer;
    return { ...answer, positions: answer.positions?.filter(({ topic }) => isTold(topic)) ?? [] };
  }

  /** A restarted server without a shared broker remembers nothing. */
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
      if (handler === undefined) throw new FakeRefusal('unknown_action', `No handler for ${name}.`);
      this.run.push(invocation);
      const result = await handler(data as never, invocation);
      return { type: 'ack', id, ...(result !== undefined && { data: result as Json }), positions: positions() };
    } catch (error) {
      const { code, message } = error instanceof FakeRefusal ? error : new FakeRefusal('internal', 'internal');
      return { type: 'error', id, code, message, temporary: ERROR_CODES[code].temporary };
    }
  }
}
