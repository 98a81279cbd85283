import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { Player, startArena, stopArenas, type Arena } from './arena.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';
import { ArenaPage, type BattleSample } from './page.js';

describeInBrowser('A visitor', () => {
  let arena: Arena;
  let browser: Browser;

  beforeAll(async () => {
    [arena, browser] = await Promise.all([startArena(), launchChromium()]);
  });

  afterAll(async () => {
    await closeBrowsers();
    await stopArenas();
  });

  test('sees a live battle on the first page over a WebSocket, without an error of the browser', async () => {
    const visitor = await ArenaPage.open(browser, arena.url);
    await visitor.connection('live');
    await visitor.moves();
    await visitor.moves();
    expect(visitor.complaints).toEqual([]);
    expect(await visitor.violations()).toEqual([]);
    await visitor.close();
  });

  test('polls from the start if the deployment switched the WebSocket off', async () => {
    const visitor = await ArenaPage.open(browser, 'about:blank');
    const sockets: string[] = [];
    visitor.page.on('websocket', (socket) => sockets.push(socket.url()));
    await visitor.page.route('**/config.json', (route) => route.fulfill({ json: { WEBSOCKET_ENABLED: false } }));
    await visitor.page.goto(arena.url);
    await visitor.connection('polling');
    await visitor.moves();
    expect(sockets).toEqual([]);
    await visitor.close();
  });

  test('goes on as a guest when the server no longer knows the session of the tab', async () => {
    const visitor = await ArenaPage.open(browser, 'about:blank');
    await visitor.page.addInitScript(() => {
      const session = { playerId: 'gone', name: 'Gone', token: 'forged', expiresAt: Date.now() + 3_600_000 };
      if (location.protocol !== 'about:') sessionStorage.setItem('arena.session', JSON.stringify(session));
    });
    await visitor.page.goto(arena.url);
    await visitor.connection('live');
    await visitor.moves();
    await visitor.page.getByLabel('Your name').waitFor();
    await visitor.close();
  });

  test('is protected by a content security policy', async () => {
    const visitor = await ArenaPage.open(browser, arena.url);
    const violation = visitor.page.evaluate(
      () =>
        new Promise((resolve) =>
          addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective)),
        ),
    );
    await visitor.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.injected = true';
      document.body.append(script);
    });
    expect(await violation).toBe('script-src-elem');
    expect(await visitor.page.evaluate(() => 'injected' in globalThis)).toBe(false);
    await visitor.close();
  });

  test('cannot read another origin, so the web security of this browser is on', async () => {
    const other: Server = createServer((_, response) => response.end('secret')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${arena.url}/health/live`);
    const read = await page.evaluate(
      (address) =>
        fetch(address).then(
          (response) => response.text(),
          () => 'blocked',
        ),
      `http://127.0.0.1:${port}/`,
    );
    expect(read).toBe('blocked');
    await context.close();
    other.close();
  });

  test('sees the same numbers as other visitors at the same position', async () => {
    const { battleId } = await (await Player.join(arena.url, 'Grace')).startBattle();
    const pages = await Promise.all([1, 2].map(() => ArenaPage.open(browser, `${arena.url}/battles/${battleId}`)));
    const [one, other] = pages as [ArenaPage, ArenaPage];
    await Promise.all(pages.map((page) => page.connection('live')));
    let common: { readonly sample: BattleSample; readonly same: BattleSample }[] = [];
    while (common.length < 10) {
      await one.moves();
      const shown = new Map((await one.samples()).map((sample) => [`${sample.epoch}:${sample.offset}`, sample]));
      common = (await other.samples()).flatMap((sample) => {
        const same = shown.get(`${sample.epoch}:${sample.offset}`);
        return same === undefined ? [] : [{ sample, same }];
      });
    }
    for (const { sample, same } of common) {
      expect({ tick: sample.tick, health: sample.health }).toEqual({ tick: same.tick, health: same.health });
    }
    await Promise.all(pages.map((page) => page.close()));
  });

  test('can use the page on a small phone without scrolling sideways', async () => {
    const { battleId } = await (await Player.join(arena.url, 'Joan')).startBattle();
    const visitor = await ArenaPage.open(browser, `${arena.url}/battles/${battleId}`, { width: 360, height: 740 });
    await visitor.connection('live');
    await visitor.page.locator('[data-combatant]').first().waitFor();
    const overflow = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await visitor.close();
  });

  test('opens the connection panel as a drawer on a phone with the keyboard, and gets the focus back', async () => {
    const visitor = await ArenaPage.open(browser, arena.url, { width: 390, height: 844 });
    await visitor.connection('live');
    const chip = visitor.page.locator('[data-status]');
    await chip.focus();
    await visitor.page.keyboard.press('Enter');
    const panel = visitor.page.getByRole('complementary', { name: 'Connection' });
    await panel.waitFor();
    expect(await visitor.page.locator('main').getAttribute('inert')).toBe('');
    await visitor.page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await chip.evaluate((element) => element === document.activeElement)).toBe(true);
    await visitor.close();
  });
});
