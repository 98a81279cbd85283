import '@angular/compiler';

import { provideZonelessChangeDetection, type ApplicationRef } from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { provideRealtime, RealtimeService, withAuth, withPolling } from '@statewire/angular';
import { JSDOM } from 'jsdom';
import { filter, firstValueFrom } from 'rxjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';

import type { GameStore as Store } from '../src/app/game/game-store.js';
import { Player, startArena, state, stopArenas, type Arena } from './arena.js';

/**
 * Milliseconds to wait until the store equals the server. The lobby changes once a second, and a polling store misses
 * some of its states, so the two are equal only now and then.
 */
const EQUAL_WITHIN_MS = 120_000;

/** The store of the client without its page, connected to the built server. Only the document is a fake. */
describe.each(['websocket', 'polling'] as const)('GameStore over %s', (transport) => {
  let arena: Arena;
  let player: Player;
  let application: ApplicationRef;
  let store: Store;
  let runId: string;
  let battleId: string;
  const sockets = new Set<WebSocket>();

  beforeAll(async () => {
    const { window } = new JSDOM('', { url: 'http://localhost/' });
    Object.assign(globalThis, { document: window.document, sessionStorage: window.sessionStorage });
    arena = await startArena();
  });

  afterAll(stopArenas);

  beforeEach(async () => {
    player = await Player.join(arena.url, 'Ada');
    ({ runId, battleId } = await player.startBattle());
    const { GameStore } = await import('../src/app/game/game-store.js');
    const { SessionService } = await import('../src/app/game/session.service.js');
    application = await createApplication({
      providers: [
        provideZonelessChangeDetection(),
        provideRealtime(
          { origin: arena.url, environment: { openWebSocket: transport === 'websocket' ? openWebSocket : undefined } },
          withAuth(() => player.session.token),
          withPolling({ intervalMs: 200 }),
        ),
      ],
    });
    application.injector.get(SessionService).keep(player.session);
    store = application.injector.get(GameStore);
    store.runId.set(runId);
    store.battleId.set(battleId);
  });

  afterEach(() => application.destroy());

  function openWebSocket(url: string, protocol: string): WebSocket {
    const socket = new WebSocket(url, protocol);
    sockets.add(socket);
    return socket;
  }

  /** Returns the state of the server, limited to the topics that the store follows. */
  async function unified(): Promise<ReturnType<Store['snapshot']>> {
    const whole = await state(arena.url, player.session.token);
    const only = <T>(all: Readonly<Record<string, T>>, id: string) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => key === id));
    return { ...whole, runs: only(whole.runs, runId), battles: only(whole.battles, battleId) };
  }

  /** Waits until the store equals a state that the server had since this call. */
  async function expectEqual(): Promise<void> {
    const deadline = Date.now() + EQUAL_WITHIN_MS;
    const had: unknown[] = [];
    for (;;) {
      const whole = await unified();
      if (Object.keys(whole.runs).length > 0 && Object.keys(whole.battles).length > 0) had.push(whole);
      const held = store.snapshot();
      if (had.some((moment) => isDeepStrictEqual(moment, held))) return;
      if (Date.now() > deadline) break;
      await sleep(100);
    }
    expect(had).toContainEqual(store.snapshot());
  }

  test('is deep-equal to the unified state at rest', async () => {
    await player.pause(battleId);
    await expectEqual();
    expect(store.snapshot().notifications).toHaveLength(1);
  });

  test('is deep-equal to it again after every connection was cut during the battle', async () => {
    for (let cut = 0; cut < 3; cut++) {
      const tick = store.battle().value?.tick;
      while (store.battle().value?.tick === tick) await sleep(20);
      for (const socket of sockets) socket.terminate();
      sockets.clear();
    }
    await player.pause(battleId);
    await expectEqual();
    const wanted = transport === 'websocket' ? 'live' : 'polling';
    await firstValueFrom(
      application.injector.get(RealtimeService).status$.pipe(filter(({ state }) => state === wanted)),
    );
    await expectEqual();
  });
});
