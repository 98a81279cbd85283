import type { TopicState } from '@statewire/client';
import type { Position } from '@statewire/protocol';

import type { Board } from './contract.js';
import type { Verdict } from './verdict.js';

interface Update {
  readonly name: string;
  outcome: 'unanswered' | 'done' | 'failed';
  /** Position of the board when the update disappeared before the answer to its action. */
  wentAt: Position | undefined;
}

/**
 * Checks that a shown value is the confirmed value with the updates of pending actions on top, in order. An update ends
 * with the failure of its action, or in the same state in which the position of its effect arrives.
 */
export class UpdatesOracle {
  private updates: Update[] = [];
  /** The last shown position of the board. */
  private last: Position | undefined;

  constructor(
    /** Position of the board after each action, by name. */
    private readonly effects: ReadonlyMap<string, Position>,
    private readonly verdict: Verdict,
  ) {}

  /** Records an action. Its update adds its name to the marks of the board. */
  sent(name: string): void {
    this.updates.push({ name, outcome: 'unanswered', wentAt: undefined });
  }

  /** Records the outcome of an action, with or without an update. */
  answered(name: string, outcome: 'done' | 'failed'): void {
    const update = this.updates.find((one) => one.name === name);
    if (update === undefined) return;
    update.outcome = outcome;
    const { wentAt } = update;
    if (wentAt === undefined) return;
    this.verdict.demand(
      outcome === 'done' || wentAt === this.last,
      () => `the update of ${name} went before it failed`,
    );
    this.verdict.demand(this.isOver(update, wentAt), () => `the update of ${name} ended before its effect arrived`);
    this.updates = this.updates.filter((one) => one !== update);
  }

  shown({ confirmed, pending, position, value }: TopicState<Board>): void {
    if (confirmed === undefined || value === undefined || position === undefined) return;
    const { verdict } = this;
    this.last = position;
    const { marks = [], ...rest } = value;
    verdict.demand(JSON.stringify(rest) === JSON.stringify(confirmed), () => 'what is shown is not what is confirmed');
    verdict.demand(pending === marks.length, () => `${pending} updates are pending, and ${marks.join()} are shown`);
    const order = this.updates.map(({ name }) => name).filter((name) => marks.includes(name));
    verdict.demand(marks.join() === order.join(), () => `updates ${marks.join()} are shown and not ${order.join()}`);
    for (const update of this.updates) this.judge(update, marks.includes(update.name), position);
    this.updates = this.updates.filter((update) => marks.includes(update.name) || update.outcome === 'unanswered');
  }

  private judge(update: Update, isShown: boolean, position: Position): void {
    const { name, outcome } = update;
    const isOver = this.isOver(update, position);
    if (isShown) this.verdict.demand(!isOver, () => `the update of ${name} is still shown at ${position.offset}`);
    else if (outcome === 'unanswered') update.wentAt ??= position;
    else this.verdict.demand(isOver, () => `the update of ${name} is gone at ${position.offset}`);
  }

  private isOver({ name, outcome }: Update, position: Position): boolean {
    if (outcome !== 'done') return outcome === 'failed';
    const effect = this.effects.get(name);
    return effect?.epoch === position.epoch && position.offset >= effect.offset;
  }
}
