import { isDeepStrictEqual } from 'node:util';

import type { Stage } from './command.js';
import type { Page } from './page.js';
import { boardAt, type BoardId } from './world.js';

/** Everything that must hold of one history; throws what does not. */
export function judge(stage: Stage): void {
  for (const page of stage.pages) {
    judgeBoards(stage, page);
    judgeNews(page);
    judgeActions(stage, page);
    judgePrivacy(page);
  }
}

function fail(page: Page, what: string): never {
  throw new Error(`${page.name}: ${what}`);
}

/** The value is the server's at its position, always; positions never go back; nothing is shown after it was left. */
function judgeBoards({ world }: Stage, page: Page): void {
  const seen = new Map<string, number>();
  const tops = new Map<string, number>();
  for (const { boardId, watch } of page.boards) {
    for (const { value, position } of watch.states) {
      if (value === undefined) continue;
      if (position === undefined) return fail(page, `a value of ${boardId} without a position`);
      if (!isDeepStrictEqual(value, boardAt(value.n)))
        fail(page, `a wrong value of ${boardId}: ${JSON.stringify(value)}`);
      const key = `${boardId} ${position.epoch} ${position.offset}`;
      const known = world.published.get(key) ?? seen.get(key) ?? value.n;
      if (known !== value.n) fail(page, `${value.n} at ${key}, where the server has ${known}`);
      seen.set(key, value.n);
      const epoch = `${boardId} ${position.epoch}`;
      const top = tops.get(epoch) ?? 0;
      if (position.offset < top) fail(page, `${epoch} went back from ${top} to ${position.offset}`);
      tops.set(epoch, position.offset);
    }
  }
}

/** Each event once and in order, and a word where some are missing. */
function judgeNews(page: Page): void {
  let last: number | undefined;
  for (const delivery of page.news.deliveries) {
    if (delivery.type === 'lost') {
      last = undefined;
      continue;
    }
    if (last !== undefined && delivery.data !== last + 1) fail(page, `event ${delivery.data} after ${last}`);
    last = delivery.data;
  }
  const numbers = page.news.events;
  if (numbers.some((number, index) => index > 0 && number <= numbers[index - 1]!)) {
    fail(page, `events twice or out of order: ${numbers.join(' ')}`);
  }
}

/**
 * Done once, and answered so; or not done, and answered so; or `outcome_unknown`. Where the memory of actions died with
 * a process, an action may be done once more for each.
 */
function judgeActions({ world }: Stage, page: Page): void {
  for (const { key, result, code } of page.actions) {
    const times = world.counts.get(key) ?? 0;
    if (times > 1 + world.losses) fail(page, `${key} was done ${times} times`);
    if (result === undefined && code === undefined) fail(page, `${key} was never answered`);
    if (result !== undefined && times === 0) fail(page, `${key} was answered and never done`);
    if (code !== undefined && code !== 'outcome_unknown' && times > 0) fail(page, `${key}: ${code}, and it was done`);
  }
}

function judgePrivacy(page: Page): void {
  if (page.foreign.states.some(({ value }) => value !== undefined)) fail(page, 'saw what belongs to somebody else');
}

/** Whether it has the newest event, or was told that it is lost. */
function isToldOfNews(page: Page, newest: number): boolean {
  const last = page.news.deliveries.at(-1);
  return last?.type === 'lost' || last?.data === newest;
}

/** Whether a page shows what is true now. */
export function isCurrent({ world }: Stage, page: Page): boolean {
  const { boardId, watch } = page.boards.at(-1)!;
  return (
    watch.state?.freshness.state === 'live' &&
    watch.value?.n === world.boards[boardId satisfies BoardId] &&
    isToldOfNews(page, world.news) &&
    page.own.value === 10 &&
    page.foreign.state?.error?.code === 'forbidden'
  );
}

/** What a page shows, and what it should. */
export function describe({ world }: Stage, page: Page): string {
  const { boardId, watch } = page.boards.at(-1)!;
  const { state, value } = { state: watch.state, value: watch.value };
  const unanswered = page.actions.filter(({ result, code }) => result === undefined && code === undefined);
  return [
    `${page.name} is ${page.client.status.state}`,
    `board ${boardId} ${value?.n} of ${world.boards[boardId]}, ${JSON.stringify(state?.freshness)} ${state?.error?.code ?? ''}`,
    `news ${page.news.events.at(-1)} of ${world.news}, own ${page.own.value}, foreign ${page.foreign.state?.error?.code}`,
    `unanswered ${unanswered.map(({ key }) => key).join(' ') || 'nothing'}`,
  ].join('; ');
}
