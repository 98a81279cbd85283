import { RealtimeClientError } from '@statewire/client';
import type { EventWatch, SimulatedClient, Simulation, StateWatch } from '@statewire/nest/testing';

import { board, count, news, purse, type Board, type BoardId } from './world.js';

/** What became of one action: how often it had taken effect when it was answered, or the code of its error. */
export interface ActionOutcome {
  readonly key: string;
  result?: number;
  code?: string;
}

/** One client with everything it follows and did. */
export class Page {
  readonly client: SimulatedClient;
  readonly actions: ActionOutcome[] = [];
  /** Every time it followed a board, and what it was shown then. */
  readonly boards: { readonly boardId: BoardId; readonly watch: StateWatch<Board> }[] = [];
  readonly news: EventWatch<number>;
  readonly own: StateWatch<number>;
  readonly foreign: StateWatch<number>;
  private tokens = 0;

  constructor(
    simulation: Simulation,
    readonly name: string,
    foreigner: string,
  ) {
    this.client = simulation.connect({
      token: () => `${name}:${(this.tokens += 1)}`,
      backoff: { network: 200, server: 300, overload: 500, cap: 2_000 },
      polling: { interval: 1_000 },
      linger: 0,
    });
    this.follow('a');
    this.news = this.client.listen(news.with());
    this.own = this.client.watch(purse.with({ playerId: name }));
    this.foreign = this.client.watch(purse.with({ playerId: foreigner }));
  }

  follow(boardId: BoardId): void {
    this.boards.push({ boardId, watch: this.client.watch(board.with({ boardId })) });
  }

  /** Leaves the board it followed last, and follows the other one or the same anew. */
  change(boardId: BoardId): void {
    this.boards.at(-1)!.watch.stop();
    this.follow(boardId);
  }

  act(key: string): void {
    const outcome: ActionOutcome = { key };
    this.actions.push(outcome);
    this.client.realtime.act(count, { key }, { expiresAfter: 0 }).subscribe({
      next: (result) => (outcome.result = result),
      error: (error: unknown) => (outcome.code = error instanceof RealtimeClientError ? error.code : String(error)),
    });
  }
}
