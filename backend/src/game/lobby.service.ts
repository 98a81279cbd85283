import { Injectable } from '@nestjs/common';
import {
  lobby,
  type BattleSnapshot,
  type Combatant,
  type Lobby,
  type LobbyBattle,
  type LobbyRun,
  type RunSnapshot,
} from '@statewire/arena';

import { ROOMS_ON_A_WAY } from '../run/map.js';
import { BattleService } from './battle.service.js';
import { Publisher } from './publisher.js';
import { RunService } from './run.service.js';

/** The list of battles and runs that visitors can watch. */
@Injectable()
export class LobbyService {
  #published = '';

  constructor(
    private readonly battles: BattleService,
    private readonly runs: RunService,
    private readonly publisher: Publisher,
  ) {}

  get snapshot(): Lobby {
    const runs = new Map(this.runs.snapshots.map((run) => [run.runId, run]));
    return {
      battles: this.battles.snapshots.flatMap((battle) => {
        const run = runs.get(battle.runId);
        return run ? [describeBattle(battle, run)] : [];
      }),
      runs: [...runs.values()].map(describeRun),
    };
  }

  /** Publishes the list next time, even if it has not changed. */
  forget(): void {
    this.#published = '';
  }

  /** Publishes the list if it has changed. */
  async refresh(): Promise<void> {
    const { snapshot } = this;
    const text = JSON.stringify(snapshot);
    if (text === this.#published) return;
    this.#published = text;
    await this.publisher.publish(lobby.with(), snapshot);
  }
}

function describeBattle(battle: BattleSnapshot, run: RunSnapshot): LobbyBattle {
  const { battleId, runId, roomId, title, status } = battle;
  const room = run.rooms.find(({ id }) => id === roomId)?.kind === 'boss' ? 'boss' : 'battle';
  const health = { partyHealth: healthOf(battle.party), foesHealth: healthOf(battle.foes) };
  return { battleId, runId, title, player: run.player, room, status, ...health };
}

function describeRun({ runId, player, phase, outcome, battleId, rooms, gold }: RunSnapshot): LobbyRun {
  const roomsVisited = rooms.filter(({ visited }) => visited).length;
  return { runId, player, phase, outcome, battleId, roomsVisited, roomsInAll: ROOMS_ON_A_WAY, gold };
}

/** Rounded up, so that 0 means that the whole party is defeated. */
function healthOf(combatants: readonly Combatant[]): number {
  const sum = (stat: 'hp' | 'max_hp') => combatants.reduce((total, one) => total + one[stat], 0);
  return Math.ceil((sum('hp') * 100) / sum('max_hp'));
}
