import { isDeepStrictEqual } from 'node:util';

import type { TopicState } from '@statewire/client';
import type { Position } from '@statewire/protocol';

import type { Stage } from './command.js';
import { fail } from './fail.js';
import type { Page } from './page.js';
import { boardAt, type Board, type BoardId } from './world.js';

const LOST_PERMISSION_CODES: ReadonlySet<string> = new Set(['forbidden', 'unauthorized']);

/**
 * Checks that a confirmed value always equals the server's value at its position, that positions never go back, and that no
 * value is visible without permission.
 */
export function checkBoards({ world }: Stage, page: Page): void {
  const seen = new Map<string, number>();
  const tops = new Map<string, number>();
  for (const event of page.events) {
    if (event.type !== 'state') continue;
    const { boardId, state, at } = event;
    const { confirmed, error, position, value } = state;
    if (error !== undefined && LOST_PERMISSION_CODES.has(error.code) && value !== undefined) {
      fail(page, `${boardId} is shown despite its error ${error.code}`);
    }
    if (confirmed === undefined) {
      if (value !== undefined) fail(page, `a value of ${boardId} that nothing is expected of`);
      continue;
    }
    if (position === undefined) return fail(page, `a value of ${boardId} without a position`);
    if (!isDeepStrictEqual(confirmed, boardAt(confirmed.n))) {
      fail(page, `a wrong value of ${boardId}: ${JSON.stringify(confirmed)}`);
    }
    const key = keyOf(boardId, position);
    const expected = world.published.get(key) ?? seen.get(key) ?? confirmed.n;
    if (expected !== confirmed.n) fail(page, `${confirmed.n} at ${key}, where the server has ${expected}`);
    seen.set(key, confirmed.n);
    const epoch = `${boardId} ${position.epoch}`;
    const top = tops.get(epoch) ?? 0;
    if (position.offset < top) fail(page, `${epoch} went back from ${top} to ${position.offset}`);
    tops.set(epoch, position.offset);
    const born = world.born[boardId][confirmed.n]!;
    const revoked = page.revoked.find((one) => one.boardId === boardId && one.inForce < born && at < one.until);
    if (revoked)
      fail(page, `${boardId} ${confirmed.n} of ${born} ms was shown, but its permission ended at ${revoked.inForce}`);
  }
}

function keyOf(boardId: BoardId, { epoch, offset }: Position): string {
  return `${boardId} ${epoch} ${offset}`;
}

/** One action with a visible update, with its real history. */
interface Update {
  readonly boardId: BoardId;
  /** Position of the board when the update was created; undefined without a value. */
  readonly epoch: string | undefined;
  /** Position of its effect, after the answer. */
  effect: Position | undefined;
  isAnswered: boolean;
  /** Position of the board when the update disappeared in the turn of the answer. */
  wentAt: Position | undefined;
  /** Whether its state changed while the board was not visible. */
  isUncertain: boolean;
}

/**
 * Checks that a shown value is the confirmed value with the updates of pending actions on top, in order. An update ends
 * with the rejection of its action, or in the same state in which the position of its effect arrives.
 */
export function checkUpdates({ world }: Stage, page: Page): void {
  const updates = new Map<string, Update>();
  const states = new Map<BoardId, TopicState<Board>>();
  const revokedBoards = new Set<BoardId>();
  for (const [index, event] of page.events.entries()) {
    switch (event.type) {
      case 'acts': {
        const { key, shownOn: boardId } = event;
        const state = boardId && states.get(boardId);
        if (boardId === undefined || state?.error) break;
        const epoch = state?.position?.epoch;
        updates.set(key, {
          boardId,
          epoch,
          effect: undefined,
          isAnswered: false,
          wentAt: undefined,
          isUncertain: revokedBoards.has(boardId),
        });
        break;
      }
      case 'revoked':
        revokedBoards.add(event.boardId);
        for (const update of updates.values()) update.isUncertain ||= update.boardId === event.boardId;
        break;
      case 'left':
        states.delete(event.boardId);
        for (const update of updates.values()) update.isUncertain ||= update.boardId === event.boardId;
        break;
      case 'answered': {
        const update = updates.get(event.key);
        if (update === undefined) break;
        const effects = world.effects.get(event.key) ?? [];
        update.isAnswered = true;
        update.effect = effects[0];
        // The oracle does not know which of several answers it got.
        update.isUncertain ||= effects.length > 1;
        if (event.code === undefined && update.wentAt && !update.isUncertain && !isReached(update, update.wentAt)) {
          fail(page, `the update of ${event.key} ended before its effect arrived`);
        }
        if (event.code !== undefined || update.wentAt) updates.delete(event.key);
        break;
      }
      case 'state': {
        const { boardId, state } = event;
        states.set(boardId, state);
        const next = page.events[index + 1];
        const answered = next?.type === 'answered' ? next.key : undefined;
        checkState(page, boardId, state, updates, answered);
        break;
      }
      case 'identity':
    }
  }
}

function checkState(
  page: Page,
  boardId: BoardId,
  { confirmed, error, pending, position, value }: TopicState<Board>,
  updates: Map<string, Update>,
  /** Key of the action that is answered in the same turn. */
  answered: string | undefined,
): void {
  const own = [...updates].filter(([, update]) => update.boardId === boardId);
  if (error) {
    for (const [key] of own) updates.delete(key);
    return;
  }
  if (confirmed === undefined || value === undefined || position === undefined) return;
  const marks = value.marks ?? [];
  const shown = marks.length === 0 ? confirmed : { ...confirmed, marks };
  if (!isDeepStrictEqual(value, shown))
    fail(page, `${JSON.stringify(value)} is shown over ${JSON.stringify(confirmed)}`);
  if (pending !== marks.length) fail(page, `${pending} updates are reported as shown, but ${marks.length} are`);
  const order = own.map(([key]) => key).filter((key) => marks.includes(key));
  if (!isDeepStrictEqual(marks, order)) fail(page, `updates ${marks.join()} are shown and not ${order.join()}`);
  for (const [key, update] of own) {
    const isShown = marks.includes(key);
    const isOver = update.isAnswered && isReached(update, position);
    const at = keyOf(boardId, position);
    if (isShown && isOver && !update.isUncertain) fail(page, `the update of ${key} is still shown at ${at}`);
    const mayGo = isOver || update.isUncertain || key === answered;
    if (!isShown && !mayGo) fail(page, `the update of ${key} is gone at ${at}`);
    if (!isShown && key !== answered) updates.delete(key);
    if (!isShown && key === answered) update.wentAt = position;
  }
}

/** In another epoch than that of its effect, the value contains it, unless that epoch is still in transit. */
function isReached({ effect, epoch }: Update, position: Position): boolean {
  if (effect === undefined) return true;
  return position.epoch === effect.epoch ? position.offset >= effect.offset : position.epoch !== epoch;
}
