import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

import { GAME_ARCHIVE, type GameArchive } from './game-archive.js';
import { Game } from './game.js';
import { Ticker } from './ticker.js';

/** Loads the game of the previous process and saves it for the next, so that a deploy ends no run. */
@Injectable()
export class GameKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger('Arena');

  constructor(
    private readonly game: Game,
    private readonly ticker: Ticker,
    @Inject(GAME_ARCHIVE) private readonly archive: GameArchive,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.archive.take((saved) => this.game.restore(saved));
    } catch (error) {
      this.#report('The game that was saved could not be taken up; a new one begins.', error);
    }
    this.ticker.start();
  }

  /** All clients are disconnected and all actions are answered at this point. */
  async onApplicationShutdown(): Promise<void> {
    this.ticker.stop();
    try {
      await this.archive.save(this.game.save());
    } catch (error) {
      this.#report('The game could not be saved; it ends with this process.', error);
    }
  }

  #report(problem: string, error: unknown): void {
    this.#logger.error(`${problem} ${error instanceof Error ? error.message : ''}`.trim());
  }
}
