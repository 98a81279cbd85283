import { RealtimeError, type RealtimeRequest } from '@statewire/nest';
import { ActionContext, type HandlerRegistry, type TopicRegistry } from '@statewire/nest/internal';
import type { Json, Position } from '@statewire/protocol';

import { BOARD, boardAt, move, NOTICES, TOKENS } from './contract.js';
import type { Truth } from './truth.js';

const TOPICS = [BOARD, NOTICES];

interface User {
  readonly topics: readonly string[];
}

/** A sample application: topics with guards, and an action that publishes. */
export class Application {
  /** The number of runs of each action, by its data. */
  readonly runs = new Map<string, number>();
  /** The position of the board after each action. */
  readonly effects = new Map<string, Position>();
  /** Handlers that have not returned, oldest first. */
  readonly running: { readonly by: string; readonly finish: () => void }[] = [];

  constructor(
    private readonly topics: () => TopicRegistry,
    private readonly truth: Truth,
    /** Whether handlers return only at a step, not at once. */
    private readonly slow: boolean,
  ) {}

  /** The interface of the handlers for the dispatcher. */
  get handlers(): HandlerRegistry {
    const handlers: Pick<HandlerRegistry, 'topic' | 'action'> = {
      topic: (name) => {
        const topic = TOPICS.find((candidate) => candidate.name === name);
        const authorize = async (request: RealtimeRequest): Promise<void> => rejectUnless(mayRead(request, name));
        return topic && { handler: { topic: { kind: topic.kind }, authorize } as never, params: {} };
      },
      action: (name) =>
        name === move.name
          ? ({ parallel: false, timeout: 0, call: (request: RealtimeRequest) => this.act(request) } as never)
          : undefined,
    };
    return handlers as HandlerRegistry;
  }

  publishBoard(): Promise<Position> {
    return this.topics().publish(BOARD, boardAt(this.next(BOARD.name)));
  }

  publishNotice(): Promise<Position> {
    return this.topics().publish(NOTICES, { number: this.next(NOTICES.name) });
  }

  private next(topic: string): number {
    return (this.truth.top(topic)?.offset ?? 0) + 1;
  }

  private async act({ data }: RealtimeRequest): Promise<Json> {
    return (await ActionContext.start(async () => {
      const { by } = data as { by: string };
      const run = (this.runs.get(by) ?? 0) + 1;
      this.runs.set(by, run);
      this.effects.set(by, await this.publishBoard());
      if (this.slow) await new Promise<void>((finish) => this.running.push({ by, finish }));
      return { run };
    })) as Json;
  }
}

/** Returns the identity of a token: always the same user, with the permissions of the token. */
export function userOf(token: string | undefined): { readonly id: string; readonly user: User } | undefined {
  if (token === 'rejected') throw new RealtimeError('unauthorized', 'Your token is rejected.');
  const permissions = TOKENS[token as keyof typeof TOKENS] as User | undefined;
  return permissions && { id: 'ann', user: permissions };
}

function mayRead({ user }: RealtimeRequest, topic: string): boolean {
  return (user as User | undefined)?.topics.includes(topic) === true;
}

function rejectUnless(isAllowed: boolean): void {
  if (!isAllowed) throw new RealtimeError('forbidden', 'Not for you.');
}
