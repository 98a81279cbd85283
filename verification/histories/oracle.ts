import { checkBoards, checkUpdates } from './board-oracle.js';
import type { Stage } from './command.js';
import { fail } from './fail.js';
import type { ActionOutcome, Page } from './page.js';
import { HISTORY } from './world.js';

/** Checks one history. Throws for a broken promise. */
export function checkHistory(stage: Stage): void {
  for (const page of stage.pages) {
    checkBoards(stage, page);
    checkUpdates(stage, page);
    checkEvents(stage, page);
    for (const outcome of page.actions) checkAction(stage, page, outcome);
    for (const key of page.tabActions) checkRuns(stage, page, key);
    checkDenials(page);
    if (page.foreign.states.some(({ value }) => value !== undefined)) fail(page, 'saw a topic of another user');
  }
}

/** Checks that events arrive once and in order. A loss must be reported, and only beyond the history. */
function checkEvents({ world }: Stage, page: Page): void {
  const { deliveries, events } = page.news;
  for (const [index, { type, position, ...delivery }] of deliveries.entries()) {
    const last = deliveries[index - 1];
    if (last === undefined) continue;
    const isKept = last.position.epoch === position.epoch && position.offset - last.position.offset <= HISTORY;
    if (type === 'lost') {
      if (isKept && !world.isAgeWrong)
        fail(page, `${last.position.offset + 1} to ${position.offset} were reported as lost but are kept`);
    } else if (last.type === 'event' && 'data' in delivery && delivery.data !== last.data + 1) {
      fail(page, `event ${delivery.data} after ${last.data}`);
    }
  }
  if (events.some((number, index) => index > 0 && number <= events[index - 1]!)) {
    fail(page, `events twice or out of order: ${events.join(' ')}`);
  }
}

/**
 * Checks that an action ran once and was acknowledged, or did not run and was rejected. `outcome_unknown` is allowed only
 * if the identity may have changed, or the server lost its memory of the action.
 */
function checkAction(
  { world }: Pick<Stage, 'world'>,
  page: Page,
  { key, isFailing, result, code }: ActionOutcome,
): void {
  const times = checkRuns({ world }, page, key);
  if (result === undefined && code === undefined) fail(page, `${key} was never answered`);
  if (result !== undefined && times === 0) fail(page, `${key} was answered but never ran`);
  if (code === undefined) return;
  if (code !== 'outcome_unknown' && times > 0) fail(page, `${key}: ${code}, but it ran`);
  const isExpected =
    (isFailing && code === 'action_failed') ||
    (mayBeDropped(page, key) && DROPPED_CODES.has(code)) ||
    (mayBeForgotten(page, key) && code === 'outcome_unknown');
  if (!isExpected) fail(page, `${key} failed with ${code} without a cause`);
}

/** Checks the number of runs of an action, and returns it. */
function checkRuns({ world }: Pick<Stage, 'world'>, page: Page, key: string): number {
  const times = world.effects.get(key)?.length ?? 0;
  if (times > 1) fail(page, `${key} ran ${times} times`);
  return times;
}

/** Checks that only the server denies a client, and only after a revocation. */
function checkDenials(page: Page): void {
  for (const { code, isRevoked } of page.denials) {
    if (!isRevoked || !DENIAL_CODES.has(code)) fail(page, `was denied with ${code}, but not by the server`);
  }
}

/** Codes of the server for revoked credentials. */
const DENIAL_CODES: ReadonlySet<string> = new Set(['forbidden', 'unauthorized', 'close-4003']);

const DROPPED_CODES: ReadonlySet<string> = new Set(['outcome_unknown', 'not_sent']);

/** Whether credentials changed before the answer. The end of the old ones may take until the next connection. */
function mayBeDropped({ events }: Page, key: string): boolean {
  const answered = events.findIndex((one) => one.type === 'answered' && one.key === key);
  return events.slice(0, answered).some(({ type }) => type === 'identity');
}

/** Whether a process that knew the action died before the answer. */
function mayBeForgotten({ events }: Page, key: string): boolean {
  const sent = events.findIndex((one) => one.type === 'acts' && one.key === key);
  const answered = events.findIndex((one) => one.type === 'answered' && one.key === key);
  return events.slice(sent, answered).some(({ type }) => type === 'forgotten');
}

/** Whether it has the newest event, or a report of its loss. */
function hasNewestEvent(page: Page, newest: number): boolean {
  const last = page.news.deliveries.at(-1);
  return last?.type === 'lost' || last?.data === newest;
}

/** Whether a page shows the current values. */
export function isCurrent({ world }: Stage, page: Page): boolean {
  return (
    isBoardCurrent({ world }, page) &&
    hasNewestEvent(page, world.news) &&
    page.own.value === 10 &&
    page.foreign.state?.error?.code === 'forbidden'
  );
}

function isBoardCurrent({ world }: Pick<Stage, 'world'>, { boardId, name, state }: Page): boolean {
  if (!world.permissionsOf(name).has(boardId)) return state?.error?.code === 'forbidden' && state.value === undefined;
  return state?.freshness.state === 'live' && state.value?.n === world.boards[boardId] && state.pending === 0;
}

/** Describes the shown and the expected values of a page. */
export function describe({ world }: Stage, page: Page): string {
  const { boardId, state } = page;
  const unanswered = page.actions.filter(({ result, code }) => result === undefined && code === undefined);
  const permission = world.permissionsOf(page.name).has(boardId) ? '' : ' without a permission';
  const shown = `${state?.value?.n} of ${world.boards[boardId]}${permission}, ${state?.pending} pending`;
  return [
    `${page.name} is ${page.client.status.state}`,
    `board ${boardId} ${shown}, ${JSON.stringify(state?.freshness)} ${state?.error?.code ?? ''}`,
    `news ${page.news.events.at(-1)} of ${world.news}, own ${page.own.value}, foreign ${page.foreign.state?.error?.code}`,
    `unanswered ${unanswered.map(({ key }) => key).join(' ') || 'nothing'}`,
  ].join('; ');
}
