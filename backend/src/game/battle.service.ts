import { Injectable } from '@nestjs/common';
import { battle, type BattleProgress, type BattleSnapshot, type BattleSpeed } from '@statewire/arena';

import { advance, pause, resume, setSpeed } from '../battle/advance.js';
import type { BattleState } from '../battle/battle-state.js';
import { createBattle, type NewBattle } from '../battle/create-battle.js';
import { RuleError } from '../run/rule-error.js';
import type { GameOrigin } from './game-archive.js';
import { Publisher } from './publisher.js';

/** The battles of the game and their topics. */
@Injectable()
export class BattleService {
  readonly #battles = new Map<string, BattleState>();

  constructor(private readonly publisher: Publisher) {}

  /** Newest last. */
  get snapshots(): readonly BattleSnapshot[] {
    return [...this.#battles.values()].map(({ snapshot }) => snapshot);
  }

  get states(): readonly BattleState[] {
    return [...this.#battles.values()];
  }

  /** Continues from the state of another process. */
  async restore(states: readonly BattleState[], origin: GameOrigin): Promise<void> {
    this.#battles.clear();
    if (origin === 'topics') for (const state of states) this.#battles.set(state.snapshot.battleId, state);
    else await Promise.all(states.map((state) => this.#set(state)));
  }

  snapshot(battleId: string): BattleSnapshot | undefined {
    return this.#battles.get(battleId)?.snapshot;
  }

  async start(order: NewBattle): Promise<void> {
    await this.#set(createBattle(order));
  }

  pause(battleId: string): Promise<BattleProgress> {
    return this.#command(battleId, pause);
  }

  resume(battleId: string): Promise<BattleProgress> {
    return this.#command(battleId, resume);
  }

  setSpeed(battleId: string, speed: BattleSpeed): Promise<BattleProgress> {
    return this.#command(battleId, (state) => setSpeed(state, speed));
  }

  /**
   * Advances every battle by one turn.
   *
   * @returns the battles that this turn decided.
   */
  turn(): readonly BattleSnapshot[] {
    const decided: BattleSnapshot[] = [];
    for (const before of this.#battles.values()) {
      const after = advance(before);
      if (after === before) continue;
      void this.#set(after);
      if (after.snapshot.status !== 'running') decided.push(after.snapshot);
    }
    return decided;
  }

  async remove(battleId: string): Promise<void> {
    if (this.#battles.delete(battleId)) await this.publisher.close(battle.with({ battleId }));
  }

  async #command(battleId: string, command: (state: BattleState) => BattleState): Promise<BattleProgress> {
    const before = this.#battles.get(battleId);
    if (!before) throw new RuleError('This battle is over.');
    const after = command(before);
    if (after !== before) await this.#set(after);
    const { status, speed, tick } = after.snapshot;
    return { battleId, status, speed, tick };
  }

  async #set(state: BattleState): Promise<void> {
    const { battleId } = state.snapshot;
    const topic = battle.with({ battleId });
    this.#battles.set(battleId, state);
    await this.publisher.publish(topic, state.snapshot);
  }
}
