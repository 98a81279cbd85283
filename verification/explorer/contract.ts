import { action, eventTopic, stateTopic } from '@statewire/protocol';

export interface Board {
  /** Long enough that a patch is worth it. */
  readonly title: string;
  /** Grows with every other publication: shows when a patch was applied twice. */
  readonly moves: readonly number[];
  /** Changes with the others: shows when a patch was left out. */
  readonly round: number;
  /** Names of the actions whose optimistic updates are shown; never in what the server has. */
  readonly marks?: readonly string[];
}

/** The application that is explored: one topic of each kind and one action that publishes. */
export const board = stateTopic<Board>()('board');
export const notices = eventTopic<{ readonly number: number }>()('notices');
export const move = action<{ readonly by: string }, { readonly run: number }>('move');

export const BOARD = board.with();
export const NOTICES = notices.with();

/** The tokens of one user, with the rights they carry. */
export const TOKENS = {
  /** May read everything. */
  wide: { topics: [BOARD.name, NOTICES.name] },
  /** May not read the board any more. */
  narrow: { topics: [NOTICES.name] },
  /** May not even connect. */
  refused: { topics: [] },
} as const;

export type Token = keyof typeof TOKENS;

const TITLE = 'Board '.repeat(120);

/** The value of the board at an offset of its epoch. */
export function boardAt(offset: number): Board {
  const moves = Array.from({ length: Math.ceil(offset / 2) }, (_, index) => index);
  return { title: TITLE, moves, round: Math.floor(offset / 2) };
}
