import type { Browser, Page } from 'playwright-core';

/** The content of one rendering of a battle. */
export interface BattleSample {
  readonly epoch: string;
  readonly offset: number;
  readonly tick: number;
  readonly connection: string;
  readonly freshness: string;
  /** Hit points by fighter. */
  readonly health: Readonly<Record<string, number>>;
  /** Milliseconds on the page's clock. */
  readonly at: number;
}

interface Recorder {
  samples: BattleSample[];
  violations: string[];
}

declare global {
  var recorder: Recorder;
}

/** Runs in the page before its own scripts. Records the battle on the screen after each change. */
function record(): void {
  const recorder: Recorder = { samples: [], violations: [] };
  globalThis.recorder = recorder;
  addEventListener('securitypolicyviolation', (event) => {
    recorder.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
  });
  let last = '';
  new MutationObserver(() => {
    const battle = document.querySelector<HTMLElement>('[data-battle]');
    const frame = battle?.closest<HTMLElement>('arena-live-frame');
    const connection = document.querySelector<HTMLElement>('[data-status]')?.dataset['status'] ?? '';
    if (!battle || !frame) return;
    const { epoch = '', offset = '', freshness = '' } = frame.dataset;
    const key = [epoch, offset, freshness, connection].join();
    if (key === last) return;
    last = key;
    const fighters = [...battle.querySelectorAll<HTMLElement>('[data-combatant]')];
    recorder.samples.push({
      epoch,
      offset: Number(offset),
      tick: Number(battle.dataset['tick']),
      connection,
      freshness,
      health: Object.fromEntries(fighters.map(({ dataset }) => [dataset['combatant'] ?? '', Number(dataset['hp'])])),
      at: performance.now(),
    });
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}

/** Milliseconds after which a test gives up waiting. The page promises to be faster. */
const HANG_TIMEOUT_MS = 240_000;

/** A page of the client. It records errors of its scripts and of the console. */
export class ArenaPage {
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  static async open(browser: Browser, url: string, viewport = { width: 1440, height: 900 }): Promise<ArenaPage> {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    context.setDefaultTimeout(HANG_TIMEOUT_MS);
    const page = await context.newPage();
    await page.addInitScript(record);
    const arena = new ArenaPage(page);
    await page.goto(url);
    return arena;
  }

  samples(): Promise<readonly BattleSample[]> {
    return this.page.evaluate(() => globalThis.recorder.samples);
  }

  violations(): Promise<readonly string[]> {
    return this.page.evaluate(() => globalThis.recorder.violations);
  }

  /** Waits until the connection is in a state. @returns the milliseconds that it took. */
  async connection(state: string): Promise<number> {
    const begun = performance.now();
    await this.page.locator(`[data-status="${state}"]`).waitFor();
    return performance.now() - begun;
  }

  /** Waits until the page shows a later tick of the battle. */
  async moves(): Promise<void> {
    const tick = await this.page.locator('[data-tick]').first().getAttribute('data-tick');
    await this.page.locator(`[data-tick]:not([data-tick="${tick}"])`).first().waitFor();
  }

  /** Presses "Compare with the server". @returns the result for the battle. */
  async compareBattle(): Promise<string | null> {
    const before = await this.page.locator('[data-comparisons]').getAttribute('data-comparisons');
    await this.page.getByRole('button', { name: 'Compare with the server' }).click();
    const results = this.page.locator(`[data-comparisons]:not([data-comparisons="${before}"])`);
    return results.locator('[data-topic^="battles/"]').getAttribute('data-verdict');
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
