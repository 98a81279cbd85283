import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { VirtualEnvironment } from '../testing/virtual-environment.js';
import { DEFAULT_GAME_OPTIONS } from './game-options.js';
import type { Game } from './game.js';
import { Ticker } from './ticker.js';

function started(turn: () => Promise<void> = () => Promise.resolve()) {
  const environment = new VirtualEnvironment();
  const began = environment.now();
  const turns: number[] = [];
  const game = {
    turn: () => {
      turns.push(environment.now() - began);
      return turn();
    },
  } as unknown as Game;
  const ticker = new Ticker(game, environment, DEFAULT_GAME_OPTIONS);
  ticker.onApplicationBootstrap();
  return { environment, turns, ticker };
}

describe('Ticker', () => {
  it('turns the game every 100 ms', () => {
    const { environment, turns } = started();
    environment.advance(350);

    expect(turns).toEqual([0, 100, 200, 300]);
  });

  it('keeps its pace after a late turn instead of being late ever after', () => {
    const { environment, turns } = started();
    environment.advance(150);
    environment.sleep(80);
    environment.advance(200);

    expect(turns).toEqual([0, 100, 230, 300, 400]);
  });

  it('leaves out what it missed while the process slept', () => {
    const { environment, turns } = started();
    environment.advance(50);
    environment.sleep(3_600_000);
    environment.advance(250);

    expect(turns).toEqual([0, 3_600_050, 3_600_100, 3_600_200, 3_600_300]);
  });

  it('goes on after a turn that failed', async () => {
    Logger.overrideLogger(false);
    const { environment, turns } = started(() => Promise.reject(new Error('a turn of this test fails')));
    environment.advance(250);
    await Promise.resolve();

    expect(turns).toHaveLength(3);
  });

  it('stops with the application', () => {
    const { environment, turns, ticker } = started();
    environment.advance(150);
    ticker.onApplicationShutdown();
    environment.advance(1_000);

    expect(turns).toHaveLength(2);
    expect(environment.timers).toBe(0);
  });
});
