import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { startArena, stopArenas, type Arena } from './arena.js';
import { BattleVisit } from './battle-visit.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';

/** Ten times "within about a second", because the machine may be busy with other tests. */
const SOON_MS = 10_000;

describeInBrowser('A battle on the screen', () => {
  let arena: Arena;
  let browser: Browser;
  let visit: BattleVisit;

  beforeAll(async () => {
    [arena, browser] = await Promise.all([startArena(), launchChromium()]);
    visit = await BattleVisit.start(arena, browser);
  });

  afterAll(async () => {
    await visit.end();
    await closeBrowsers();
    await stopArenas();
  });

  test('polls within about a second while the socket is cut, and is live again when it is restored', async () => {
    const { visitor } = visit;
    const cut = visitor.page.getByRole('switch', { name: 'Cut the socket' });
    await cut.click();
    expect(await visitor.connection('polling')).toBeLessThan(SOON_MS);
    await visitor.moves();
    await visitor.moves();

    await cut.click();
    expect(await visitor.connection('live')).toBeLessThan(SOON_MS);
    await visitor.moves();
    await visit.expectTruth();
  });
});
