import { beforeEach, describe, expect, test } from '@jest/globals';

import { fakeFetch } from '../testing/fake-fetch';
import { provideArenaTesting, render, type Rendered } from '../testing/render';
import { App } from './app';

describe('App', () => {
  let app: Rendered<App>;

  beforeEach(async () => {
    localStorage.clear();
    sessionStorage.clear();
    fakeFetch({});
    provideArenaTesting();
    app = await render(App);
  });

  test('has landmarks for navigation', () => {
    expect(app.element.querySelectorAll('main')).toHaveLength(1);
    expect(app.element.querySelector('header nav')?.getAttribute('aria-label')).toBe('Main');
    expect(app.element.querySelector('a')?.textContent).toBe('Skip to the content');
  });

  test('always shows the connection, and announces its changes', async () => {
    app.server.goLive();
    await app.settle();
    expect(app.element.querySelector('[data-status="live"]')?.textContent).toContain('Live');
    app.server.goOffline();
    await app.settle();
    expect(app.element.querySelector('[data-status="offline"]')).not.toBeNull();
    const said = [...app.element.querySelectorAll('[role="status"]')].map((region) => region.textContent.trim());
    expect(said).toContain('Connection: Offline');
  });

  test('opens the connection panel over the page on a narrow screen, and closes it with Escape wherever the focus is', async () => {
    const chip = app.button(/^Connection:/);
    expect(chip.getAttribute('aria-expanded')).toBe('false');
    chip.click();
    await app.settle();
    expect(app.element.querySelector('main')?.hasAttribute('inert')).toBe(true);
    (document.activeElement as HTMLElement).blur();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    await app.settle();
    expect(app.element.querySelector('aside')).toBeNull();
    expect(app.element.querySelector('main')?.hasAttribute('inert')).toBe(false);
  });

  test('switches from the theme of the system to light, dark and back', async () => {
    const theme = () => document.documentElement.getAttribute('data-theme');
    await app.click('Theme: as the system');
    expect(theme()).toBe('light');
    await app.click('Theme: light');
    expect(theme()).toBe('dark');
    await app.click('Theme: dark');
    expect(theme()).toBeNull();
  });
});
