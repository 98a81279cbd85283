import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';

import { fakeFetch } from '../../testing/fake-fetch';
import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { SESSION } from '../../testing/samples';
import { SessionService } from '../game/session.service';
import { Toasts } from '../shell/toasts';
import { CHAOS_SWITCHES } from './chaos-token';
import { ConnectionPanel } from './connection-panel';

const OPEN = { 'GET /api/chaos': { body: { websocket: true } } };

describe('ConnectionPanel', () => {
  let panel: Rendered<ConnectionPanel>;

  beforeEach(() => {
    sessionStorage.clear();
    provideArenaTesting();
  });

  async function open(answers: Parameters<typeof fakeFetch>[0]): Promise<string[]> {
    const requests = fakeFetch(answers);
    panel = await render(ConnectionPanel);
    panel.server.goLive();
    await panel.settle();
    return requests;
  }

  function switches(): string[] {
    return [...panel.element.querySelectorAll('[role="switch"]')].map((one) => one.textContent.trim());
  }

  test('shows the status, the transport and the age of the status', async () => {
    await open(OPEN);
    expect(panel.text).toContain('Live');
    expect(panel.text).toContain('Transport WebSocket');
    expect(panel.text).toMatch(/Since (just now|\d+ s ago)/);
  });

  test('shows the reason for polling in words, and its code as a title', async () => {
    await open(OPEN);
    panel.server.goPolling();
    await panel.settle();
    expect(panel.text).toContain('This page cannot open a WebSocket.');
    expect(panel.text).not.toContain('no-websocket');
    const title = panel.element.querySelector('.reason')?.getAttribute('title');
    expect(title).toBe('no-websocket: The test took the WebSocket away.');
    expect(panel.text).toContain('Transport HTTP polling');
    expect(panel.text).toContain('Tries 1');
  });

  test('hides the switches of the server if the server does not allow them', async () => {
    await open({});
    expect(switches()).toEqual(['Cut the socket', 'Black hole', 'Refuse sockets here', 'Slow network']);
  });

  test('describes the effect of every switch', async () => {
    await open(OPEN);
    expect(switches()).toContain('Forbid on the server');
    for (const control of panel.element.querySelectorAll('arena-chaos-controls [aria-describedby]')) {
      const description = panel.element.querySelector(`#${control.getAttribute('aria-describedby')}`);
      expect(description?.textContent.length).toBeGreaterThan(20);
    }
  });

  test('sets the switches of this browser', async () => {
    await open(OPEN);
    const network = TestBed.inject(CHAOS_SWITCHES);
    await panel.click('Black hole');
    await panel.click('Refuse sockets here');
    await panel.click('Slow network');
    expect(network).toMatchObject({ blackHole: true, refuse: true, delay: 800 });
    expect(panel.button('Black hole').getAttribute('aria-checked')).toBe('true');
  });

  test('restores everything with one button', async () => {
    await open(OPEN);
    await panel.click('Black hole');
    await panel.click('Slow network');
    await panel.click('Repair everything');
    expect(TestBed.inject(CHAOS_SWITCHES)).toMatchObject({ blackHole: false, refuse: false, delay: 0 });
    expect(panel.button('Repair everything').getAttribute('aria-disabled')).toBe('true');
  });

  test('keeps the restore button focusable and without effect while no fault is active', async () => {
    await open({});
    await panel.click('Slow network');
    await panel.click('Repair everything');
    expect(panel.button('Repair everything').disabled).toBe(false);
    let online = 0;
    const heard = () => online++;
    addEventListener('online', heard);
    await panel.click('Repair everything');
    removeEventListener('online', heard);
    expect(online).toBe(0);
  });

  test('keeps the socket cut until it is restored, and then opens a new one at once', async () => {
    await open({});
    const network = TestBed.inject(CHAOS_SWITCHES);
    let cuts = 0;
    network.register({ cut: () => cuts++, release: () => undefined });
    let online = 0;
    const heard = () => online++;
    addEventListener('online', heard);
    await panel.click('Cut the socket');
    expect(network.severed).toBe(true);
    expect(cuts).toBe(1);
    await panel.click('Cut the socket');
    removeEventListener('online', heard);
    expect(network.severed).toBe(false);
    expect(online).toBe(1);
  });

  test('drops the socket once', async () => {
    await open({});
    let cuts = 0;
    TestBed.inject(CHAOS_SWITCHES).register({ cut: () => cuts++, release: () => undefined });
    await panel.click('Drop it once');
    expect(cuts).toBe(1);
  });

  test('shows a message when the server rejects a switch', async () => {
    await open({ ...OPEN, 'POST /api/chaos/websocket': { status: 503 } });
    await panel.click('Forbid on the server');
    expect(TestBed.inject(Toasts).shown()).toMatchObject([{ tone: 'problem', text: 'It answered 503.' }]);
  });

  test('keeps the switches of the server while it cannot be reached', async () => {
    await open(OPEN);
    globalThis.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
    panel.server.goOffline();
    await panel.settle();
    expect(switches()).toContain('Forbid on the server');
  });

  test('switches the WebSocket of the server off and on', async () => {
    let websocket = true;
    await open({
      ...OPEN,
      'POST /api/chaos/websocket': () => ({ body: { websocket: (websocket = !websocket) } }),
    });
    await panel.click('Forbid on the server');
    await panel.settle();
    expect(panel.button('Forbid on the server').getAttribute('aria-checked')).toBe('true');
    await panel.click('Repair everything');
    await panel.settle();
    expect(panel.button('Forbid on the server').getAttribute('aria-checked')).toBe('false');
  });

  test('expires the token of a player, and not of a guest', async () => {
    const short = { ...SESSION, token: 'short' };
    await open({ ...OPEN, 'POST /api/chaos/token': { body: short } });
    expect(panel.buttons('Expire my token')).toEqual([]);
    TestBed.inject(SessionService).keep(SESSION);
    await panel.settle();
    await panel.click('Expire my token');
    expect(TestBed.inject(SessionService).current()).toEqual(short);
  });
});
