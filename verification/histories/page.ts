import { RealtimeClientError, type TopicState } from '@statewire/client';
import type { EventWatch, SimulatedClient, Simulation, StateWatch } from '@statewire/testing-nest';
import type { Subscription } from 'rxjs';

import { board, count, news, purse, type Board, type BoardId, type CountData } from './world.js';

/** What became of one action: how often it had taken effect when it was answered, or the code of its error. */
export interface ActionOutcome {
  readonly key: string;
  /** Whether its handler refuses it. */
  readonly isRefused: boolean;
  result?: number;
  code?: string;
}

/** What is asked for with an action. */
export interface Asked extends Pick<CountData, 'isRefused' | 'takes'> {
  readonly isOptimistic: boolean;
}

/** What happened on a page, in order. */
export type Happening =
  | { readonly type: 'state'; readonly boardId: BoardId; readonly state: TopicState<Board>; readonly at: number }
  /** The board is not followed any more, so that nobody sees what becomes of its updates. */
  | { readonly type: 'left'; readonly boardId: BoardId }
  /** The right to see it was taken away: from now on the server does not tell where it stands, as the client may not know. */
  | { readonly type: 'barred'; readonly boardId: BoardId }
  | { readonly type: 'acts'; readonly key: string; readonly shownOn: BoardId | undefined }
  | { readonly type: 'answered'; readonly key: string; readonly code: string | undefined }
  /** Somebody else may be here from now on, as far as the client knows: unanswered actions are given up. */
  | { readonly type: 'identity' };

/** A right that was taken away in such a way that the server knows: until when it may still count. */
export interface Taken {
  readonly boardId: BoardId;
  /** Virtual ms from which on nothing may be sent any more. */
  readonly inForce: number;
  /** When it was given again. */
  until: number;
}

/** One client with everything it follows and did. */
export class Page {
  readonly client: SimulatedClient;
  readonly actions: ActionOutcome[] = [];
  readonly happenings: Happening[] = [];
  readonly taken: Taken[] = [];
  readonly news: EventWatch<number>;
  readonly own: StateWatch<number>;
  readonly foreign: StateWatch<number>;
  /** The board it follows, and what is shown of it. */
  boardId: BoardId = 'a';
  state: TopicState<Board> | undefined;
  /** Whether its rights changed and nothing was done by which client or server would know. */
  isUntold = false;
  private following: Subscription | undefined;
  private tokens = 0;

  constructor(
    private readonly simulation: Simulation,
    readonly name: string,
    foreigner: string,
  ) {
    this.client = simulation.connect({
      token: () => `${name}:${(this.tokens += 1)}`,
      backoff: { networkMs: 200, serverMs: 300, overloadMs: 500, maxMs: 2_000 },
      polling: { intervalMs: 1_000 },
      lingerMs: 0,
    });
    this.client.realtime.status$.subscribe(({ state }) => {
      if (state === 'denied') this.happenings.push({ type: 'identity' });
    });
    this.follow();
    this.news = this.client.listen(news.with());
    this.own = this.client.watch(purse.with({ playerId: name }));
    this.foreign = this.client.watch(purse.with({ playerId: foreigner }));
  }

  /** Leaves the board it follows, and follows the other one or the same anew. */
  change(boardId: BoardId): void {
    this.following?.unsubscribe();
    this.happenings.push({ type: 'left', boardId: this.boardId });
    this.boardId = boardId;
    this.follow();
  }

  /** Signs in anew, as an application does whose user has other rights now. */
  reauthenticate(): void {
    this.happenings.push({ type: 'identity' });
    this.isUntold = false;
    this.client.realtime.reauthenticate();
  }

  act(key: string, { isOptimistic, isRefused, takes }: Asked): void {
    const outcome: ActionOutcome = { key, isRefused };
    this.actions.push(outcome);
    const { boardId } = this;
    this.happenings.push({ type: 'acts', key, shownOn: isOptimistic ? boardId : undefined });
    const mark = (value: Board): Board => ({ ...value, marks: [...(value.marks ?? []), key] });
    const answered = (code?: string): void => void this.happenings.push({ type: 'answered', key, code });
    this.client.realtime
      .act(
        count,
        { key, boardId, isRefused, takes },
        { expiresAfterMs: 0, ...(isOptimistic && { optimistic: [board.with({ boardId }), mark] }) },
      )
      .subscribe({
        next: (result) => {
          outcome.result = result;
          answered();
        },
        error: (error: unknown) => {
          outcome.code = error instanceof RealtimeClientError ? error.code : String(error);
          answered(outcome.code);
        },
      });
  }

  private follow(): void {
    const { boardId } = this;
    this.state = undefined;
    this.following = this.client.realtime.topic(board.with({ boardId })).subscribe((state) => {
      this.state = state;
      this.happenings.push({ type: 'state', boardId, state, at: this.simulation.clock.monotonic() });
    });
  }
}
