import { action, eventTopic, stateTopic } from '@statewire/protocol';

export interface Board {
  /** Long enough that a patch is smaller than the value. */
  readonly title: string;
  /** Grows with every second publication, and so reveals a patch that was applied twice. */
  readonly moves: readonly number[];
  /** Changes with the other publications, and so reveals a missing patch. */
  readonly round: number;
  /** Names of the actions with a visible optimistic update. The server's value has none. */
  readonly marks?: readonly string[];
}

/** The contract of the explored application: one topic of each kind and one action that publishes. */
const board = stateTopic<Board>()('board');
const notices = eventTopic<{ readonly number: number }>()('notices');
export const move = action<{ readonly by: string }, { readonly run: number }>('move');

export const BOARD = board.with();
export const NOTICES = notices.with();

/** The tokens of one user with their permissions. */
export const TOKENS = {
  /** May read everything. */
  wide: { topics: [BOARD.name, NOTICES.name] },
  /** May not read the board any more. */
  narrow: { topics: [NOTICES.name] },
  /** May not even connect. */
  rejected: { topics: [] },
} as const;

export type Token = keyof typeof TOKENS;

const TITLE = 'Board '.repeat(120);

/** The value of the board at an offset of its epoch. */
export function boardAt(offset: number): Board {
  const moves = Array.from({ length: Math.ceil(offset / 2) }, (_, index) => index);
  return { title: TITLE, moves, round: Math.floor(offset / 2) };
}
