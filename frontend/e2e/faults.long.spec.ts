import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { startArena, stopArenas, type Arena } from './arena.js';
import { BattleVisit } from './battle-visit.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';
import type { ArenaPage } from './page.js';

/** Ten times "within about a second", because the machine may be busy with other tests. */
const SOON_MS = 10_000;

describeInBrowser('A battle on the screen', () => {
  let arena: Arena;
  let browser: Browser;
  let visit: BattleVisit;
  let visitor: ArenaPage;

  beforeAll(async () => {
    [arena, browser] = await Promise.all([startArena(), launchChromium()]);
  });

  afterAll(async () => {
    await closeBrowsers();
    await stopArenas();
  });

  beforeEach(async () => {
    visit = await BattleVisit.start(arena, browser);
    ({ visitor } = visit);
  });

  afterEach(() => visit.end());

  test('comes back at once whenever the socket is dropped', async () => {
    for (let cut = 0; cut < 3; cut++) {
      await visitor.page.getByRole('button', { name: 'Drop it once' }).click();
      await visitor.page.locator('[data-status]:not([data-status="live"])').waitFor();
      expect(await visitor.connection('live')).toBeLessThan(SOON_MS);
      await visitor.moves();
    }
    await visit.expectTruth();
  });

  test('polls within about a second while the socket is in a black hole, and is live again after it', async () => {
    const blackHole = visitor.page.getByRole('switch', { name: 'Black hole' });
    await blackHole.click();
    expect(await visitor.connection('polling')).toBeLessThan(SOON_MS);
    await visitor.moves();
    await visitor.moves();
    expect(await visitor.page.getByText('Polling: up to 2 s behind').count()).toBeGreaterThan(0);

    await blackHole.click();
    await visitor.connection('live');
    await visitor.moves();
    await visit.expectTruth();
  });

  test('polls at once if the browser allows no WebSockets', async () => {
    await visitor.page.getByRole('switch', { name: 'Refuse sockets here' }).click();
    expect(await visitor.connection('polling')).toBeLessThan(SOON_MS);
    await visitor.moves();
    await visitor.page.getByRole('button', { name: 'Repair everything' }).click();
    await visitor.connection('live');
    await visitor.moves();
    await visit.expectTruth();
  });

  test('moves to polling when the server forbids WebSockets, and back when it allows them', async () => {
    const forbid = visitor.page.getByRole('switch', { name: 'Forbid on the server' });
    await forbid.click();
    expect(await visitor.connection('polling')).toBeLessThan(SOON_MS);
    await visitor.moves();
    await forbid.click();
    await visitor.connection('live');
    await visitor.moves();
    await visit.expectTruth();
  });

  test('shows late but correct values on a slow network', async () => {
    await visitor.page.getByRole('switch', { name: 'Slow network' }).click();
    await visitor.page
      .getByText(/^(1[6-9]|[2-9]\d)\d\d ms$/)
      .first()
      .waitFor();
    for (let change = 0; change < 5; change++) await visitor.moves();
    await visitor.page.getByRole('button', { name: 'Repair everything' }).click();
    await visitor.connection('live');
    await visitor.moves();
    await visit.expectTruth();
  });

  test('lets a visitor compare it with the server, live and polling', async () => {
    expect(await visitor.compareBattle()).toBe('equal');

    await visitor.page.getByRole('switch', { name: 'Refuse sockets here' }).click();
    await visitor.connection('polling');
    await visitor.moves();
    let result = await visitor.compareBattle();
    // Between two polls the server can move on before each of the page's attempts. The page then says so.
    while (result === 'missed') result = await visitor.compareBattle();
    expect(result).toBe('equal');
  });

  test('shows the last known state as stale while offline', async () => {
    await visitor.page.context().setOffline(true);
    await visitor.page.getByRole('button', { name: 'Drop it once' }).click();
    await visitor.connection('offline');
    await visitor.page
      .getByText(/Not live for/)
      .first()
      .waitFor();
    expect(await visitor.page.locator('[data-combatant]').count()).toBeGreaterThan(0);

    await visitor.page.context().setOffline(false);
    await visitor.connection('live');
    await visitor.moves();
    await visit.expectTruth();
  });
});
