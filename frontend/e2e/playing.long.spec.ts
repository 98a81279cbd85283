import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { startArena, stopArenas, type Arena } from './arena.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';
import { ArenaPage } from './page.js';

describeInBrowser('A player', () => {
  let arena: Arena;
  let browser: Browser;

  beforeAll(async () => {
    [arena, browser] = await Promise.all([startArena(), launchChromium()]);
  });

  afterAll(async () => {
    await closeBrowsers();
    await stopArenas();
  });

  async function startRun(name: string, { url } = arena): Promise<ArenaPage> {
    const player = await ArenaPage.open(browser, url);
    await player.page.getByLabel('Your name').fill(name);
    await player.page.getByRole('button', { name: 'Start a run' }).click();
    await player.page.locator('[data-phase="choosing"]').waitFor();
    return player;
  }

  async function enterRoom({ page }: ArenaPage): Promise<void> {
    await page
      .getByRole('button', { name: /can be chosen now/ })
      .first()
      .click();
    await page.locator('[data-phase="in-battle"] [data-battle-status="running"]').waitFor();
  }

  test('starts a run, pauses, resumes and speeds up its battle, and picks a reward', async () => {
    const player = await startRun('Ada', await startArena({ healthFactor: 1 }));
    const { page } = player;
    await enterRoom(player);

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('[data-battle-status="paused"]').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('[data-battle-status="running"]').waitFor();
    await page.getByRole('button', { name: '4×' }).click();
    await page.locator('[data-speed="4"]').waitFor();

    await page.locator('[data-phase="reward"], [data-phase="finished"]').waitFor();
    if ((await page.locator('[data-phase="reward"]').count()) > 0) {
      await page.locator('[data-offer]').first().click();
      await page.locator('[data-phase="choosing"]').waitFor();
      expect(await page.locator('[data-room-state="current"]').count()).toBe(1);
    }
    expect(player.complaints).toEqual([]);
    await player.close();
  });

  test('gets notifications, and dismisses one on every page of that player', async () => {
    const player = await startRun('Grace');
    const { page } = player;
    await page.getByRole('status', { name: 'Messages' }).getByRole('button').first().waitFor();
    const bell = page.getByRole('button', { name: 'Notifications, 1 new' });
    await bell.click();

    const second = await player.page.context().newPage();
    await second.addInitScript(
      (session) => sessionStorage.setItem('arena.session', session),
      (await page.evaluate(() => sessionStorage.getItem('arena.session'))) ?? '',
    );
    await second.goto(arena.url);
    await second.getByRole('button', { name: 'Notifications, 1 new' }).waitFor();

    await page.getByRole('button', { name: /^Dismiss: / }).click();
    await page.getByText('Nothing new.').waitFor();
    await second.getByRole('button', { name: 'Notifications', exact: true }).waitFor();
    await player.close();
  });

  test('plays with the keyboard alone', async () => {
    const player = await ArenaPage.open(browser, arena.url);
    const { page } = player;
    await player.connection('live');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    await page.getByLabel('Your name').focus();
    await page.keyboard.type('Joan');
    await page.keyboard.press('Enter');
    const room = page.getByRole('button', { name: /can be chosen now/ }).first();
    await room.focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-battle-status="running"]').waitFor();
    await page.locator('arena-battle-view h2:focus').waitFor();
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Space');
    await page.locator('[data-battle-status="paused"]').waitFor();
    await player.close();
  });

  test('keeps the session and goes on acting after the token expired', async () => {
    const player = await startRun('Mary');
    const { page } = player;
    await enterRoom(player);
    const before = await page.evaluate(() => sessionStorage.getItem('arena.session'));
    await page.getByRole('button', { name: 'Expire my token' }).click();
    await page.waitForFunction((old) => sessionStorage.getItem('arena.session') !== old, before);
    const short = await page.evaluate(() => sessionStorage.getItem('arena.session'));
    await page.waitForFunction((old) => sessionStorage.getItem('arena.session') !== old, short);
    await player.connection('live');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('[data-battle-status="paused"]').waitFor();
    await player.close();
  });

  test('reads that the server no longer knows the session, and watches on', async () => {
    const player = await ArenaPage.open(browser, arena.url);
    const { page } = player;
    await page.evaluate(() => {
      const session = {
        playerId: 'p-of-before',
        name: 'Ida',
        token: 'token-of-before',
        expiresAt: Date.now() + 60_000,
      };
      sessionStorage.setItem('arena.session', JSON.stringify(session));
    });
    await page.reload();
    await page.getByText('You were signed out').waitFor();
    await player.connection('live');
    await page.getByLabel('Your name').waitFor();
    await player.close();
  });

  test('acts while polling, and another page shows it', async () => {
    const player = await startRun('Lise');
    await enterRoom(player);
    const battleId = await player.page.locator('[data-battle]').getAttribute('data-battle');
    const watcher = await ArenaPage.open(browser, `${arena.url}/battles/${battleId}`);
    await player.page.getByRole('switch', { name: 'Refuse sockets here' }).click();
    await player.connection('polling');
    await player.page.getByRole('button', { name: 'Pause' }).click();
    await watcher.page.locator('[data-battle-status="paused"]').waitFor();
    await player.page.locator('[data-battle-status="paused"]').waitFor();
    expect(await watcher.page.getByRole('button', { name: 'Resume' }).count()).toBe(0);
    await Promise.all([player.close(), watcher.close()]);
  });
});
