import 'zone.js';

import { Component, inject, NgZone, provideZoneChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtime, RealtimeService, withAuth } from '@statewire/angular';

import { first } from '../../test/support/contract.js';
import { describeSimulatedPages } from '../../test/support/simulated-page.js';
import { provideRealtimeSimulation } from './provide-realtime-simulation.js';
import { RealtimeSimulation } from './realtime-simulation.js';

describeSimulatedPages('with zone.js', provideZoneChangeDetection());

/** The old way: a plain field set by an observer, which only the zone brings to the template. */
@Component({ selector: 'sw-plain', template: `tick {{ tick }}` })
class PlainPage {
  tick = 0;

  constructor() {
    inject(RealtimeService)
      .state(first)
      .subscribe(({ tick }) => (this.tick = tick));
  }
}

describe('a simulation with zone.js', () => {
  let simulation: RealtimeSimulation;
  let tokenZones: boolean[];

  beforeEach(() => {
    tokenZones = [];
    const token = (): string => {
      tokenZones.push(NgZone.isInAngularZone());
      return 'secret';
    };
    TestBed.configureTestingModule({
      providers: [provideZoneChangeDetection(), provideRealtime({}, withAuth(token)), provideRealtimeSimulation()],
    });
    simulation = TestBed.inject(RealtimeSimulation);
    simulation.server.publish(first, { tick: 7 });
  });

  test('updates plain fields on a page without its own change detection', async () => {
    const page = TestBed.createComponent(PlainPage);
    await simulation.shows(page, 'tick 7');
    simulation.network.cut();
    simulation.server.publish(first, { tick: 8 });
    await simulation.shows(page, 'tick 8');
  });

  test('is stable between messages, and requests tokens inside the zone', async () => {
    const page = TestBed.createComponent(PlainPage);
    await simulation.shows(page, 'tick 7');
    expect(TestBed.inject(NgZone).isStable).toBe(true);
    expect(TestBed.inject(NgZone).hasPendingMacrotasks).toBe(false);
    expect(tokenZones).toEqual([true]);
  });

  test('reports no unhandled rejection while the server is unreachable', async () => {
    const page = TestBed.createComponent(PlainPage);
    await simulation.shows(page, 'tick 7');
    const errors = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    simulation.network.upgrades('reject');
    simulation.network.http('unreachable');
    simulation.network.cut();
    await simulation.until(
      () => TestBed.inject(RealtimeService).status().state === 'offline',
      'the client to be offline',
    );
    expect(errors.mock.calls).toEqual([]);
    errors.mockRestore();
  });
});
