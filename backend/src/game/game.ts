import { Inject, Injectable } from '@nestjs/common';
import type { BattleSnapshot } from '@statewire/arena';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { BattleService } from './battle.service.js';
import type { GameOrigin, SavedGame } from './game-archive.js';
import { GAME_OPTIONS, type GameOptions } from './game-options.js';
import { House } from './house.js';
import { LobbyService } from './lobby.service.js';
import { NotificationService } from './notification.service.js';
import { RunService } from './run.service.js';

/** Milliseconds between two clean-ups and updates of the lobby. */
const LOBBY_PERIOD = 1_000;

/** Runs one turn of the whole game in a fixed order. Sets no timers. */
@Injectable()
export class Game {
  readonly #decidedAt = new Map<string, number>();
  #lobbyAt = -Infinity;

  constructor(
    private readonly battles: BattleService,
    private readonly runs: RunService,
    private readonly house: House,
    private readonly lobby: LobbyService,
    private readonly notifications: NotificationService,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(GAME_OPTIONS) private readonly options: GameOptions,
  ) {}

  /** Returns the state from which another process can continue. */
  save(): SavedGame {
    const { battles, runs, notifications } = this;
    return { battles: battles.states, runs: runs.states, notifications: notifications.lists };
  }

  /** Restores the whole state, or none of it if the promise rejects. */
  async restore({ battles, runs, notifications }: SavedGame, origin: GameOrigin = 'archive'): Promise<void> {
    this.#decidedAt.clear();
    this.lobby.forget();
    try {
      await this.runs.restore(runs, origin);
      await this.battles.restore(battles, origin);
      await this.notifications.restore(notifications, origin);
    } catch (error) {
      await this.#clear();
      throw error;
    }
    const now = this.environment.monotonic();
    const decided = this.battles.snapshots.filter(({ status }) => status === 'won' || status === 'lost');
    for (const { battleId } of decided) this.#decidedAt.set(battleId, now);
    // The process before may have ended between the two publications of one step.
    await Promise.all([...decided.map((battle) => this.runs.settle(battle)), ...this.runs.startMissingBattles()]);
  }

  async turn(): Promise<void> {
    const now = this.environment.monotonic();
    const decided = this.battles.turn();
    const moves = decided.map((battle) => this.runs.settle(battle));
    for (const { battleId } of decided) this.#decidedAt.set(battleId, now);
    moves.push(this.house.turn());
    if (now - this.#lobbyAt >= LOBBY_PERIOD) {
      this.#lobbyAt = now;
      moves.push(...this.#cleanUp(now), this.lobby.refresh());
    }
    await Promise.all(moves);
  }

  async #clear(): Promise<void> {
    await Promise.all([
      ...this.runs.snapshots.map(({ runId }) => this.runs.remove(runId)),
      ...this.battles.snapshots.map(({ battleId }) => this.battles.remove(battleId)),
      this.notifications.clear(),
    ]);
  }

  #cleanUp(now: number): Promise<void>[] {
    const { battleLinger, runLinger, idleLimit } = this.options;
    const gone = this.runs.snapshots.flatMap((run) => {
      const idle = this.runs.idleFor(run.runId);
      if (run.phase === 'finished') return idle >= runLinger ? [this.runs.remove(run.runId)] : [];
      return idle >= idleLimit ? [this.runs.giveUp(run.runId)] : [];
    });
    const isOver = ({ battleId }: BattleSnapshot) => now - (this.#decidedAt.get(battleId) ?? now) >= battleLinger;
    const over = this.battles.snapshots.filter(isOver).map(({ battleId }) => {
      this.#decidedAt.delete(battleId);
      return this.battles.remove(battleId);
    });
    return [...gone, ...over];
  }
}
