import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { Player, startArena, stopArenas, type Arena } from './arena.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';
import { ArenaPage } from './page.js';

/** Milliseconds for which the server waits for a member to come back (`presence.graceMs`). */
const GRACE_MS = 10_000;

declare global {
  var counts: string[];
}

/** Runs in the page. Records every number of spectators that it shows, the current one first. */
function recordCounts(): void {
  globalThis.counts = [];
  const note = (): void => {
    const shown = document.querySelector<HTMLElement>('[data-spectators]')?.dataset['spectators'] ?? 'none';
    if (shown !== globalThis.counts.at(-1)) globalThis.counts.push(shown);
  };
  note();
  new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
}

/** Waits until the page shows this number of spectators. */
function watching({ page }: ArenaPage, count: number): Promise<void> {
  return page.locator(`[data-spectators="${count}"]`).waitFor();
}

describeInBrowser('Spectators', () => {
  let arena: Arena;
  let browser: Browser;

  beforeAll(async () => {
    [arena, browser] = await Promise.all([startArena(), launchChromium()]);
  });

  afterAll(async () => {
    await closeBrowsers();
    await stopArenas();
  });

  test('see each other; one who leaves disappears after the grace period, and one who reloads stays', async () => {
    const player = await Player.join(arena.url, 'Hedy');
    const { battleId } = await player.startBattle();
    const address = `${arena.url}/battles/${battleId}`;
    const one = await ArenaPage.open(browser, address);
    await watching(one, 1);
    const hedy = await ArenaPage.open(browser, 'about:blank');
    await hedy.page.addInitScript((session) => {
      if (location.protocol !== 'about:') sessionStorage.setItem('arena.session', JSON.stringify(session));
    }, player.session);
    await hedy.page.goto(address);
    const leaving = await ArenaPage.open(browser, address);
    await Promise.all([one, hedy, leaving].map((page) => watching(page, 3)));
    await one.page.getByText('3 watching').click();
    const list = one.page.getByRole('list', { name: 'Who is watching' });
    expect((await list.innerText()).replaceAll(/\s+/g, ' ')).toContain('Hedy 2 guests (you are one)');

    await one.page.evaluate(recordCounts);
    await hedy.page.reload();
    await watching(hedy, 3);
    const begun = performance.now();
    await leaving.close();
    await watching(one, 2);
    expect(performance.now() - begun).toBeGreaterThan(0.9 * GRACE_MS);
    await watching(hedy, 2);
    expect(await one.page.evaluate(() => globalThis.counts)).toEqual(['3', '2']);
    expect((await list.innerText()).replaceAll(/\s+/g, ' ')).toContain('Hedy 1 guest (you)');
    expect([...one.complaints, ...(await one.violations())]).toEqual([]);
    await Promise.all([one.close(), hedy.close()]);
  });
});
