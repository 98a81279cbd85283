import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

import { startArena, stopArenas } from './arena.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';
import { ArenaPage } from './page.js';
import { SCREENS, watchToTheEnd, type Arenas } from './screens.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = [
  { device: 'a desktop', width: 1280, height: 800 },
  { device: 'a phone', width: 390, height: 844 },
];

/** Words for programs: codes with an underscore or a number, ids, and values that no template expects. */
const INTERNAL =
  /\b[a-z]+_[a-z_]+\b|\bclose-\d+|\bhttp-\d+|\bno-websocket\b|\b(?:battles|runs|players)\/\S+|undefined|NaN|\[object/g;

/** A slice of the long tests has time for one of them. */
const isSlice = process.env['STATEWIRE_SLICE'] === 'true';
const sizes = isSlice ? [SIZES[Number(process.env['STATEWIRE_SEED']) % SIZES.length]!] : SIZES;

const cases = SCREENS.flatMap((screen) => sizes.map((size) => ({ ...screen, ...size })));

describeInBrowser('A screen', () => {
  let arenas: Arenas;
  let browser: Browser;

  beforeAll(async () => {
    const [long, short, launched] = await Promise.all([
      startArena(),
      startArena({ healthFactor: 1 }),
      launchChromium(),
    ]);
    arenas = { long, short };
    browser = launched;
  });

  afterAll(async () => {
    await closeBrowsers();
    await stopArenas();
  });

  test.each(cases)('$name can be read and used by everybody on $device', async ({ open, width, height }) => {
    const visitor = await ArenaPage.open(browser, 'about:blank', { width, height });
    const { page } = visitor;
    await open(visitor, arenas);

    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect({ colorScheme, violations: await violations(page) }).toEqual({ colorScheme, violations: [] });
    }
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect((await page.locator('body').innerText()).match(INTERNAL)).toBeNull();
    expect(await stopsWithoutFocus(page)).toEqual([]);
    await visitor.close();
  });

  test('of a battle keeps the result after the server took the battle away, and leads onward', async () => {
    const visitor = await ArenaPage.open(browser, 'about:blank');
    const { page } = visitor;
    await watchToTheEnd(visitor, arenas.short);
    const result = page.getByRole('region', { name: 'Result' });
    const said = await result.innerText();
    expect(said).toMatch(/Victory|Defeat/);
    const fighters = await page.locator('[data-combatant]').count();

    await page.getByText('Over: this is how it ended').waitFor();
    expect(await result.innerText()).toBe(said);
    expect(await page.locator('[data-combatant]').count()).toBe(fighters);
    await result.getByRole('link', { name: 'Other battles' }).click();
    await page.getByRole('heading', { name: 'Battles now' }).waitFor();
    await visitor.close();
  });

  test('moves nothing without an end for visitors who ask for less motion', async () => {
    const visitor = await ArenaPage.open(browser, arenas.long.url);
    await visitor.moves();
    const endless = await visitor.page.evaluate(() =>
      document.getAnimations().flatMap(({ effect }) => {
        const { duration, iterations } = effect?.getComputedTiming() ?? {};
        return Number(duration) * Number(iterations) > 10 ? [String((effect as KeyframeEffect).target?.className)] : [];
      }),
    );
    expect(endless).toEqual([]);
    await visitor.close();
  });
});

/** Returns the violations that keep people from using the page, with the elements. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(', ')}`);
}

/** Returns the pixels that are beside the screen if every text that may be cut is as long as it can be. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      if (getComputedStyle(element).textOverflow === 'ellipsis') element.append(' and more words'.repeat(40));
    }
    return document.documentElement.scrollWidth - innerWidth;
  });
}

/** Walks through the page with the Tab key. Returns the stops that show no outline. */
async function stopsWithoutFocus(page: Page): Promise<readonly string[]> {
  const bare: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const first = await nextStop(page);
  for (let stop = first; stop.at !== ''; stop = await nextStop(page)) {
    if (!stop.isOutlined) bare.push(stop.at);
    if (stop.isLast) break;
  }
  expect(first.at).not.toBe('');
  return bare;
}

interface Stop {
  /** The element that has the focus. Empty if the focus has left the page. */
  readonly at: string;
  readonly isOutlined: boolean;
  readonly isLast: boolean;
}

async function nextStop(page: Page): Promise<Stop> {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body)
      return { at: '', isOutlined: false, isLast: true };
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const isLast = element.dataset['stop'] !== undefined;
    element.dataset['stop'] = '';
    return {
      at: element.outerHTML.slice(0, 120),
      isOutlined: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
      isLast,
    };
  });
}
