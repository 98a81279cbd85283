import { Component, inject, type EnvironmentProviders } from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { injectTopic, provideRealtime, RealtimeService, withAuth } from '@statewire/angular';
import { provideRealtimeSimulation, RealtimeSimulation } from '@statewire/angular/testing';
import { firstValueFrom } from 'rxjs';

import { first, pause } from './contract.js';

@Component({
  selector: 'sw-simulated-page',
  template: `tick {{ battle.value()?.tick }}, {{ battle.freshness()?.state }}, {{ realtime.status().state }}`,
})
class BattlePage {
  readonly realtime = inject(RealtimeService);
  readonly battle = injectTopic(() => first);
}

/** Tests of a page and its simulated network, for one kind of change detection. */
export function describeSimulatedPages(changeDetection: string, providers: EnvironmentProviders): void {
  describe(`a simulated page ${changeDetection}`, () => {
    let simulation: RealtimeSimulation;
    let token: string;
    let page: ComponentFixture<BattlePage>;
    const shows = (text: string, within?: number): Promise<void> => simulation.shows(page, text, within);
    const text = (): string => (page.nativeElement as HTMLElement).textContent;

    beforeEach(async () => {
      token = 'token-1';
      TestBed.configureTestingModule({
        providers: [
          providers,
          provideRealtime(
            { origin: 'http://server.test' },
            withAuth(() => token),
          ),
          provideRealtimeSimulation({ latency: 20 }),
        ],
      });
      simulation = TestBed.inject(RealtimeSimulation);
      simulation.server.publish(first, { tick: 7 });
      page = TestBed.createComponent(BattlePage);
      await shows('tick 7, live, live');
    });

    test('survives a restart of the server, and polls while no socket gets through', async () => {
      simulation.network.upgrades('reject');
      simulation.server.restart({ keep: true });
      await shows('polling');
      simulation.server.publish(first, { tick: 8 });
      await shows('tick 8, live, polling');

      simulation.network.restore();
      await shows('tick 8, live, live');
    });

    test('gets the missed values over another socket after a cut', async () => {
      const [lost] = simulation.server.connections;
      simulation.network.cut();
      simulation.server.publish(first, { tick: 8 });
      await shows('tick 7, stale');
      await shows('tick 8, live, live');
      expect(lost?.isOpen).toBe(false);
      expect(simulation.server.upgradeCount).toBe(2);
    });

    test('is stale while the server has lost its broker, on both transports', async () => {
      simulation.server.markStale();
      await shows('tick 7, stale, live');
      simulation.network.upgrades('reject');
      simulation.network.cut();
      await shows('tick 7, stale, polling');
      simulation.server.publish(first, { tick: 8 });
      simulation.server.markFresh();
      await shows('tick 8, live, polling');
      simulation.server.markStale();
      await shows('tick 8, stale, polling');
      simulation.network.restore();
      await shows('tick 8, stale, live');
      simulation.server.markFresh();
      await shows('tick 8, live, live');
    });

    test('is stale in a black hole, and gets the missed values afterwards', async () => {
      simulation.network.blackhole();
      simulation.server.publish(first, { tick: 8 });
      await shows('tick 7, stale');
      await simulation.clock.advance(10_000);
      expect(text()).toContain('tick 7, stale');

      simulation.network.restore();
      await shows('tick 8, live, live');
    });

    test('polls while the network loses the bytes of the open socket alone', async () => {
      simulation.network.blackhole('open');
      simulation.server.publish(first, { tick: 8 });
      await shows('tick 7');
      await simulation.clock.advance(41_000);
      await shows('tick 8, live');
      simulation.network.restore();
      await shows('tick 8, live, live');
    });

    test('continues at the end of a freeze, and other faults outlast the freeze', async () => {
      simulation.network.upgrades('reject');
      simulation.network.freeze(1_000);
      simulation.server.publish(first, { tick: 8 });
      await simulation.clock.advance(900);
      page.detectChanges();
      expect(text()).toContain('tick 7');
      await shows('tick 8', 200);

      simulation.network.cut();
      await shows('polling');
      await simulation.clock.advance(10_000);
      expect(simulation.server.connections).toEqual([]);
    });

    test('continues over another socket after a freeze if the network had lost its socket', async () => {
      simulation.network.blackhole('open');
      simulation.server.publish(first, { tick: 8 });
      await shows('tick 8, live, live');
      simulation.network.freeze(1_000);
      simulation.server.publish(first, { tick: 9 });
      await simulation.clock.advance(900);
      page.detectChanges();
      expect(text()).toContain('tick 8');
      await shows('tick 9, live, live', 200);
      expect(simulation.server.upgradeCount).toBe(2);
    });

    test('notices a close by the server during a freeze at the end of the freeze', async () => {
      simulation.network.freeze(1_000);
      simulation.server.restart({ keep: true });
      await shows('tick 7, live, live', 0);
      await simulation.clock.advance(1_000);
      expect(simulation.server.upgradeCount).toBe(1);
      await shows('tick 7, live, live', 5_000);
      expect(simulation.server.upgradeCount).toBe(2);
    });

    test.each(['restart', 'cut'] as const)('is live after a %s only on the connection that came after', async (end) => {
      simulation.server[end]();
      simulation.server.publish(first, { tick: 7 });
      await shows('tick 7, live, live');
      expect(simulation.server.upgradeCount).toBe(2);
    });

    test.each(['restart', 'cut'] as const)('is not live after a %s of a server that stays away', async (end) => {
      simulation.network.upgrades('reject');
      simulation.network.http('unreachable');
      simulation.server[end]();
      await expect(shows('live, live', 2_000)).rejects.toThrow('waiting for live, live, the page shows: tick 7, stale');
    });

    test('is as late as the network', async () => {
      simulation.network.latency(250);
      const published = simulation.clock.monotonic();
      simulation.server.publish(first, { tick: 8 });
      await shows('tick 8');
      expect(simulation.clock.monotonic() - published).toBe(250);
    });

    test('is rejected with an expired token and accepted with the next', async () => {
      const [before] = simulation.server.connections;
      simulation.expireToken();
      await simulation.clock.advance(5_000);
      page.detectChanges();
      expect(before?.isOpen).toBe(false);
      expect(simulation.server.connections).toEqual([]);
      expect(text()).not.toContain('tick 7, live');

      token = 'token-2';
      TestBed.inject(RealtimeService).connect();
      await shows('tick 7, live, live');
      expect(simulation.server.connections.map(({ hello }) => hello?.token)).toEqual(['token-2']);
    });

    test('acts once over HTTP if its request arrives twice', async () => {
      simulation.server.handle(pause.name, () => ({ paused: true }));
      simulation.network.upgrades('reject');
      simulation.network.cut();
      await shows('polling');

      simulation.network.duplicate(10);
      const answer = firstValueFrom(TestBed.inject(RealtimeService).act(pause, { battleId: '1' }));
      expect(await simulation.outcome(answer)).toEqual({ paused: true });
      expect(simulation.server.actions.received).toHaveLength(2);
      expect(simulation.server.actions.run).toHaveLength(1);
    });

    test('acts once over HTTP while a proxy loses the answers of the server', async () => {
      simulation.server.handle(pause.name, () => ({ paused: true }));
      simulation.network.upgrades('reject');
      simulation.network.cut();
      await shows('polling');

      simulation.network.http('answer-lost');
      const answer = firstValueFrom(TestBed.inject(RealtimeService).act(pause, { battleId: '1' }));
      await simulation.until(() => simulation.server.actions.received.length > 1, 'a second attempt');
      simulation.network.http('pass');
      expect(await simulation.outcome(answer)).toEqual({ paused: true });
      expect(simulation.server.actions.run).toHaveLength(1);
    });

    test('reaches no server behind a proxy that answers 502', async () => {
      simulation.network.upgrades('reject');
      simulation.network.http('bad-gateway');
      simulation.network.cut();
      await shows('offline');
      expect(simulation.server.polls).toEqual([]);

      simulation.network.restore();
      await shows('tick 7, live, live');
    });

    test('reports the text that it waited for, and the text of the page', async () => {
      await expect(simulation.until(() => false, 'the end of the world', 100)).rejects.toThrow('the end of the world');
      await expect(shows('tick 9', 100)).rejects.toThrow('waiting for tick 9, the page shows: tick 7, live, live');
    });

    test('leaves no timer and no socket behind when the injector is destroyed', async () => {
      expect(simulation.timers).toBeGreaterThan(0);
      const [connection] = simulation.server.connections;
      TestBed.resetTestingModule();
      expect(simulation.timers).toBe(0);
      await simulation.time.settle();
      expect(simulation.timers).toBe(0);
      expect(connection?.socket.readyState).toBe(WebSocket.CLOSED);
    });
  });
}
