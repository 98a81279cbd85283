import type { Page } from './page.js';

export function fail(page: Page, what: string): never {
  throw new Error(`${page.name}: ${what}`);
}
