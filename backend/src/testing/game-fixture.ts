import type { RunPlayer } from '@statewire/arena';
import { VirtualEnvironment } from '@statewire/testing';
import type { RealtimeBus } from '@statewire/nest';

import { BattleService } from '../game/battle.service.js';
import { DEFAULT_GAME_OPTIONS, type GameOptions } from '../game/game-options.js';
import { Game } from '../game/game.js';
import { House } from '../game/house.js';
import { LobbyService } from '../game/lobby.service.js';
import { NotificationService } from '../game/notification.service.js';
import { Publisher } from '../game/publisher.js';
import { RunService } from '../game/run.service.js';
import { grantedLeases, RecordingBus } from './recording-bus.js';

export const ANN: RunPlayer = { playerId: 'ann', name: 'Ann', house: false };

/** The game without a network, on virtual time. */
export class GameFixture {
  readonly bus = new RecordingBus();
  readonly environment: VirtualEnvironment;
  readonly options: GameOptions;
  readonly battles: BattleService;
  readonly notifications: NotificationService;
  readonly runs: RunService;
  readonly game: Game;

  constructor({ seed = 1, ...options }: Partial<GameOptions> & { readonly seed?: number } = {}) {
    this.environment = new VirtualEnvironment({ seed });
    this.options = { ...DEFAULT_GAME_OPTIONS, ...options };
    const publisher = new Publisher(this.bus as unknown as RealtimeBus, grantedLeases(this.bus));
    this.battles = new BattleService(publisher);
    this.notifications = new NotificationService(publisher, this.environment, this.options);
    this.runs = new RunService(this.battles, this.notifications, publisher, this.environment, this.options);
    const house = new House(this.runs, this.battles, this.environment, this.options);
    const lobby = new LobbyService(this.battles, this.runs, publisher);
    this.game = new Game(this.battles, this.runs, house, lobby, this.notifications, this.environment, this.options);
  }

  /** Runs as many turns as fit into the time. Calls `each` after every turn. */
  async play(duration: number, each: () => void = () => undefined): Promise<void> {
    for (let time = 0; time < duration; time += this.options.turn) {
      await this.environment.advance(this.options.turn);
      await this.game.turn();
      each();
    }
  }

  /** Runs turns until the condition holds. Fails after ten minutes of game time. */
  async playUntil(condition: () => boolean): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      if (turns > 6_000) throw new Error('It did not happen within ten minutes.');
      await this.play(this.options.turn);
    }
  }
}
