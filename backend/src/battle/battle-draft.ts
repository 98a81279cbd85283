import type { BattleSnapshot, BattleStatus, Combatant, Foe, Hit, LogEntry } from '@statewire/arena';

import type { BattleState } from './battle-state.js';
import { Random } from './random.js';
import { HITS_BOUND, LOG_BOUND } from './rules.js';

/**
 * Computes one tick. Combatants are replaced and never changed, and unchanged parts keep their
 * identity in the result, so that the computation of the delta skips them.
 */
export class BattleDraft {
  readonly tick: number;
  readonly random: Random;
  readonly #before: BattleState;
  readonly #party: Combatant[];
  readonly #foes: Foe[];
  readonly #log: LogEntry[] = [];
  readonly #hits: Hit[] = [];
  #lastId: number;

  constructor(before: BattleState) {
    this.#before = before;
    this.tick = before.snapshot.tick + 1;
    this.random = Random.of(before.snapshot.battleId, this.tick);
    this.#party = [...before.snapshot.party];
    this.#foes = [...before.snapshot.foes];
    this.#lastId = newestId(before.snapshot);
  }

  get party(): readonly Combatant[] {
    return this.#party;
  }

  get foes(): readonly Foe[] {
    return this.#foes;
  }

  get(id: string): Combatant {
    const found = this.#party.find((one) => one.id === id) ?? this.#foes.find((one) => one.id === id);
    if (!found) throw new RangeError(`No combatant ${id} in this battle.`);
    return found;
  }

  /** The living combatants on the side of the combatant, including itself. */
  alliesOf(id: string): readonly Combatant[] {
    return this.#sideOf(id).filter(isAlive);
  }

  /** The living opponents of the combatant. */
  opponentsOf(id: string): readonly Combatant[] {
    return (this.#sideOf(id) === this.#party ? this.#foes : this.#party).filter(isAlive);
  }

  update(id: string, changes: Partial<Combatant>): void {
    const side: Combatant[] = this.#sideOf(id);
    const index = side.findIndex((one) => one.id === id);
    const before = side[index];
    if (before) side[index] = { ...before, ...changes };
  }

  hit(hit: Omit<Hit, 'id' | 'tick'>): void {
    this.#hits.push({ id: ++this.#lastId, tick: this.tick, ...hit });
  }

  write(kind: LogEntry['kind'], text: string): void {
    this.#log.push({ id: ++this.#lastId, tick: this.tick, kind, text });
  }

  finish(status: BattleStatus): BattleState {
    const before = this.#before.snapshot;
    return {
      snapshot: {
        ...before,
        status,
        tick: this.tick,
        party: keepIfEqual(before.party, this.#party),
        foes: keepIfEqual(before.foes, this.#foes),
        log: append(before.log, this.#log, LOG_BOUND),
        hits: append(before.hits, this.#hits, HITS_BOUND),
      },
    };
  }

  #sideOf(id: string): Combatant[] {
    return this.#party.some((one) => one.id === id) ? this.#party : this.#foes;
  }
}

/** The newest log entry or hit is the newest of its list, which loses only its oldest ones. */
function newestId({ hits, log }: BattleSnapshot): number {
  return Math.max(hits.at(-1)?.id ?? 0, log.at(-1)?.id ?? 0);
}

export function isAlive(combatant: Combatant): boolean {
  return combatant.hp > 0;
}

function keepIfEqual<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  return after.every((one, index) => one === before[index]) ? before : after;
}

function append<T>(before: readonly T[], added: readonly T[], bound: number): readonly T[] {
  return added.length === 0 ? before : [...before, ...added].slice(-bound);
}
