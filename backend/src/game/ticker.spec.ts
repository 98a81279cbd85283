import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { VirtualEnvironment } from '@statewire/testing';

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
  ticker.start();
  return { environment, turns, ticker };
}

describe('Ticker', () => {
  it('advances the game every 100 ms', async () => {
    const { environment, turns } = started();
    await environment.advance(350);

    expect(turns).toEqual([0, 100, 200, 300]);
  });

  it('keeps its pace after a late turn', async () => {
    const { environment, turns } = started();
    await environment.advance(150);
    await environment.sleep(80);
    await environment.advance(200);

    expect(turns).toEqual([0, 100, 230, 300, 400]);
  });

  it('skips turns that it missed while the process slept', async () => {
    const { environment, turns } = started();
    await environment.advance(50);
    await environment.sleep(3_600_000);
    await environment.advance(250);

    expect(turns).toEqual([0, 3_600_050, 3_600_100, 3_600_200, 3_600_300]);
  });

  it('learns before its first turn after a freeze what the process lost meanwhile', async () => {
    const { environment, turns, ticker } = started();
    await environment.advance(50);
    // A lease that runs out during the freeze ends the game.
    environment.setTimer(() => ticker.stop(), 6_000);
    await environment.sleep(30_000);
    await environment.advance(1_000);

    expect(turns).toEqual([0]);
  });

  it('continues after a turn that failed', async () => {
    Logger.overrideLogger(false);
    const { environment, turns } = started(() => Promise.reject(new Error('a turn of this test fails')));
    await environment.advance(250);
    await Promise.resolve();

    expect(turns).toHaveLength(3);
  });

  it('stops with the application', async () => {
    const { environment, turns, ticker } = started();
    await environment.advance(150);
    ticker.stop();
    await environment.advance(1_000);

    expect(turns).toHaveLength(2);
    expect(environment.timers).toBe(0);
  });
});
