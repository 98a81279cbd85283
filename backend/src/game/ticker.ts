import { Inject, Injectable, Logger } from '@nestjs/common';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { GAME_OPTIONS, type GameOptions } from './game-options.js';
import { Game } from './game.js';

/** Milliseconds of delay from which a process counts as frozen. Below the time after which a lease is lost. */
const FROZEN = 1_000;

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
    this.#timer = this.environment.setTimer(() => this.#wake(due), delay);
  }

  #wake(due: number): void {
    const isFrozen = this.environment.monotonic() - due >= FROZEN;
    // The timers of the leases that the process lost meanwhile are due as well, and stop the game.
    if (isFrozen) this.#timer = this.environment.setTimer(() => this.#run(due), 0);
    else this.#run(due);
  }

  #run(due: number): void {
    this.#turn();
    const late = this.environment.monotonic() - due;
    this.#schedule(due + (Math.floor(late / this.options.turn) + 1) * this.options.turn);
  }

  #turn(): void {
    this.game.turn().catch((error: unknown) => {
      this.#logger.error('A turn of the game failed.', error instanceof Error ? error.stack : undefined);
    });
  }
}
