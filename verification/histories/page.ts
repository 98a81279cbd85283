import { RealtimeClientError, type TopicState } from '@statewire/client';
import type { EventWatch, SimulatedClient, Simulation, StateWatch } from '@statewire/testing-nest';
import type { Subscription } from 'rxjs';

import { board, count, news, purse, type Board, type BoardId, type CountData } from './world.js';

/** The outcome of one action: its number of runs at the answer, or the code of its error. */
export interface ActionOutcome {
  readonly key: string;
  /** Whether its handler rejects it. */
  readonly isFailing: boolean;
  result?: number;
  code?: string;
}

/** The data of an action. */
export interface ActionPlan extends Pick<CountData, 'isFailing' | 'takes'> {
  readonly isOptimistic: boolean;
}

/** The events on a page, in order. */
export type PageEvent =
  | { readonly type: 'state'; readonly boardId: BoardId; readonly state: TopicState<Board>; readonly at: number }
  /** The page stopped following the board, so its updates are no longer visible. */
  | { readonly type: 'left'; readonly boardId: BoardId }
  /** The page lost the permission: the server no longer sends its position, because the client may not know it. */
  | { readonly type: 'revoked'; readonly boardId: BoardId }
  | { readonly type: 'acts'; readonly key: string; readonly shownOn: BoardId | undefined }
  | { readonly type: 'answered'; readonly key: string; readonly code: string | undefined }
  /** The identity may have changed for the client, so it ends unanswered actions. */
  | { readonly type: 'identity' }
  /** The process of the server ends, and its broker with it. */
  | { readonly type: 'forgotten' };

/** A revoked permission that the server knows of, with the time until which it may still count. */
export interface RevokedPermission {
  readonly boardId: BoardId;
  /** Virtual time in ms after which the server may send nothing. */
  readonly inForce: number;
  /** The time at which it was granted again. */
  until: number;
}

/** The client reported that the server rejects it for good. */
interface Denial {
  readonly code: string;
  /** Whether the server had revoked its credentials before. */
  readonly isRevoked: boolean;
}

/** One client with its topics and actions. */
export class Page {
  readonly client: SimulatedClient;
  readonly actions: ActionOutcome[] = [];
  readonly events: PageEvent[] = [];
  /** Keys of the actions of tabs that vanished. */
  readonly tabActions: string[] = [];
  readonly denials: Denial[] = [];
  readonly revoked: RevokedPermission[] = [];
  readonly news: EventWatch<number>;
  readonly own: StateWatch<number>;
  readonly foreign: StateWatch<number>;
  /** The followed board and its shown values. */
  boardId: BoardId = 'a';
  state: TopicState<Board> | undefined;
  /** Whether its permissions changed without a notice to client or server. */
  lacksNotice = false;
  /** Whether the server has revoked its credentials. */
  isRevoked = false;
  private following: Subscription | undefined;
  private tokens = 0;

  constructor(
    private readonly simulation: Simulation,
    readonly name: string,
    foreigner: string,
  ) {
    this.client = this.connect();
    this.client.realtime.status$.subscribe((status) => {
      if (status.state !== 'denied') return;
      this.denials.push({ code: status.reason.code, isRevoked: this.isRevoked });
      this.events.push({ type: 'identity' });
    });
    this.follow();
    this.news = this.client.listen(news.with());
    this.own = this.client.watch(purse.with({ playerId: name }));
    this.foreign = this.client.watch(purse.with({ playerId: foreigner }));
  }

  /** Leaves the followed board, then follows the other one or the same one again. */
  change(boardId: BoardId): void {
    this.following?.unsubscribe();
    this.events.push({ type: 'left', boardId: this.boardId });
    this.boardId = boardId;
    this.follow();
  }

  /** Signs in again, like an application after a change of permissions. */
  reauthenticate(): void {
    this.events.push({ type: 'identity' });
    this.lacksNotice = false;
    this.client.realtime.reauthenticate();
  }

  act(key: string, { isOptimistic, isFailing, takes }: ActionPlan): void {
    const outcome: ActionOutcome = { key, isFailing };
    this.actions.push(outcome);
    const { boardId } = this;
    this.events.push({ type: 'acts', key, shownOn: isOptimistic ? boardId : undefined });
    const mark = (value: Board): Board => ({ ...value, marks: [...(value.marks ?? []), key] });
    const answered = (code?: string): void => void this.events.push({ type: 'answered', key, code });
    this.client.realtime
      .act(
        count,
        { key, boardId, isFailing, takes },
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

  /** Acts in another tab of the user, and returns its client. */
  actInTab({ isFailing, takes }: Pick<ActionPlan, 'isFailing' | 'takes'>): SimulatedClient {
    const key = `${this.name}-tab-${this.tabActions.length}`;
    this.tabActions.push(key);
    const tab = this.connect();
    tab.realtime.act(count, { key, boardId: this.boardId, isFailing, takes }).subscribe({ error: () => undefined });
    return tab;
  }

  private connect(): SimulatedClient {
    return this.simulation.connect({
      token: () => `${this.name}:${(this.tokens += 1)}`,
      backoff: { networkMs: 200, serverMs: 300, overloadMs: 500, maxMs: 2_000 },
      polling: { intervalMs: 1_000 },
      lingerMs: 0,
    });
  }

  private follow(): void {
    const { boardId } = this;
    this.state = undefined;
    this.following = this.client.realtime.topic(board.with({ boardId })).subscribe((state) => {
      this.state = state;
      this.events.push({ type: 'state', boardId, state, at: this.simulation.clock.monotonic() });
    });
  }
}
