import { Inject, Injectable, Logger } from '@nestjs/common';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { GAME_OPTIONS, type GameOptions } from './game-options.js';
import { Game } from './game.js';

/**
 * Advances the game at a steady rate. Each turn is due at a multiple of the period from the start, so that delays do
 * not accumulate. Missed turns (a sleeping laptop, a stalled process) are skipped and never run in a burst.
 */
@Injectable()
export class Ticker {
  readonly #logger = new Logger('Arena');
  #timer: ReturnType<Environment['setTimer']> | undefined;

  constructor(
    private readonly game: Game,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(GAME_OPTIONS) private readonly options: GameOptions,
  ) {}

  start(): void {
    this.#schedule(this.environment.monotonic());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(due: number): void {
    const delay = Math.max(0, due - this.environment.monotonic());
    this.#timer = this.environment.setTimer(() => {
      this.#turn();
      const late = this.environment.monotonic() - due;
      this.#schedule(due + (Math.floor(late / this.options.turn) + 1) * this.options.turn);
    }, delay);
  }

  #turn(): void {
    this.game.turn().catch((error: unknown) => {
      this.#logger.error('A turn of the game failed.', error instanceof Error ? error.stack : undefined);
    });
  }
}
