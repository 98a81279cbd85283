import { Component, inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { injectTopic, provideRealtime, RealtimeService, withAuth } from '@statewire/angular';
import { firstValueFrom } from 'rxjs';

import { first, pause } from '../../test/contract.js';
import { provideRealtimeSimulation } from './provide-realtime-simulation.js';
import { RealtimeSimulation } from './realtime-simulation.js';

@Component({
  selector: 'sw-simulated-page',
  template: `tick {{ battle.value()?.tick }}, {{ battle.freshness()?.state }}, {{ realtime.status().state }}`,
})
class BattlePage {
  readonly realtime = inject(RealtimeService);
  readonly battle = injectTopic(() => first);
}

describe('RealtimeSimulation', () => {
  let simulation: RealtimeSimulation;
  let tokens: string[];
  let page: HTMLElement;
  const shows = (text: string) => simulation.until(() => page.textContent.includes(text), `the page to show "${text}"`);

  beforeEach(async () => {
    tokens = [];
    const next = (): string => {
      tokens.push(`token-${tokens.length + 1}`);
      return tokens.at(-1)!;
    };
    TestBed.configureTestingModule({
      providers: [
        provideRealtime({ origin: 'http://server.test' }, withAuth(next)),
        provideRealtimeSimulation({ latency: 20 }),
      ],
    });
    simulation = TestBed.inject(RealtimeSimulation);
    simulation.server.publish(first, { tick: 7 });
    const fixture = TestBed.createComponent(BattlePage);
    fixture.autoDetectChanges();
    page = fixture.nativeElement as HTMLElement;
    await shows('tick 7, live, live');
  });

  test('a page survives a restart of the server, and polls while no socket gets through', async () => {
    simulation.network.upgrades('refuse');
    simulation.server.restart({ keep: true });
    await shows('polling');
    simulation.server.publish(first, { tick: 8 });
    await shows('tick 8, live, polling');

    simulation.network.heal();
    await shows('tick 8, live, live');
  });

  test('a page goes on where its socket is cut', async () => {
    simulation.network.cut();
    simulation.server.publish(first, { tick: 8 });
    await shows('tick 8, live, live');
  });

  test('a page in a black hole says stale, and comes back with what it missed', async () => {
    simulation.network.blackhole();
    simulation.server.publish(first, { tick: 8 });
    await shows('tick 7, stale');
    await simulation.advance(10_000);
    expect(page.textContent).toContain('tick 7, stale');

    simulation.network.heal();
    await shows('tick 8, live, live');
  });

  test('a frozen network heals by itself at its time', async () => {
    simulation.network.freeze(1_000);
    simulation.server.publish(first, { tick: 8 });
    await simulation.advance(900);
    expect(page.textContent).toContain('tick 7');
    await simulation.advance(200);
    expect(page.textContent).toContain('tick 8');
  });

  test('an expired token is replaced by the one that withAuth gives next', async () => {
    expect(tokens).toEqual(['token-1']);
    simulation.expireToken();
    await simulation.until(() => simulation.server.connections.some(({ hello }) => hello?.token === 'token-2'));
    await shows('tick 7, live, live');
  });

  test('an action over HTTP that arrives twice is run once', async () => {
    simulation.server.handle(pause.name, () => ({ paused: true }));
    simulation.network.upgrades('refuse');
    simulation.network.cut();
    await shows('polling');

    simulation.network.duplicate(10);
    const answer = firstValueFrom(TestBed.inject(RealtimeService).act(pause, { battleId: '1' }));
    await simulation.until(() => simulation.server.actions.received.length === 2);
    await simulation.advance(100);
    expect(await answer).toEqual({ paused: true });
    expect(simulation.server.actions.run).toHaveLength(1);
  });

  test('says what it waited for in vain', async () => {
    await expect(simulation.until(() => false, 'the end of the world', 100)).rejects.toThrow('the end of the world');
  });

  test('leaves no timer and no socket behind when the injector is destroyed', async () => {
    expect(simulation.timers).toBeGreaterThan(0);
    TestBed.resetTestingModule();
    expect(simulation.timers).toBe(0);
    await simulation.environment.settle();
    expect(simulation.timers).toBe(0);
  });
});
