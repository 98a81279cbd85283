import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeSimulation, RealtimeSimulation } from '@statewire/angular/testing';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';

import { first } from '../test/support/contract.js';
import { provideRealtime } from './provide-realtime.js';
import { RealtimeService } from './realtime.service.js';

describe('in development the console', () => {
  const warn = jest.spyOn(console, 'warn');
  let environment: VirtualEnvironment;
  let server: FakeServer;

  beforeEach(() => {
    warn.mockReset();
    environment = new VirtualEnvironment();
    server = new FakeServer(environment);
    TestBed.configureTestingModule({ providers: [provideRealtime({ origin: 'http://fake', environment })] });
  });

  afterEach(() => void TestBed.resetTestingModule());

  function follow(): void {
    TestBed.inject(RealtimeService).topic(first).subscribe();
  }

  test('says once that a proxy does not pass WebSockets on, if HTTP works and no WebSocket ever opened', async () => {
    server.upgrades('reject');
    follow();
    await environment.advance(9_000);
    expect(warn).not.toHaveBeenCalled();
    await environment.advance(120_000);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/polling for 10 s, .*HTTP works, so a proxy .* upgrades of "\/ws".*"ws": true/)],
    ]);
  });

  test('says once that the page polls, if a WebSocket was open before', async () => {
    follow();
    await environment.advance(5_000);
    server.upgrades('reject');
    server.cut();
    await environment.advance(60_000);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/polling for 10 s, .*no proxy or firewall .* ends WebSockets/)],
    ]);
  });

  test('says nothing of polling that ends sooner, or of a WebSocket that is switched off', async () => {
    server.upgrades('reject');
    follow();
    await environment.advance(5_000);
    server.upgrades('pass');
    environment.wake('online');
    await environment.advance(60_000);
    server.switchWebSocket(false);
    await environment.advance(60_000);
    expect(warn).not.toHaveBeenCalled();
  });

  test('says once that the server needs to allow the page, if it reaches no server of another origin', async () => {
    server.upgrades('reject');
    server.http('unreachable');
    follow();
    await environment.advance(9_000);
    expect(warn).not.toHaveBeenCalled();
    await environment.advance(60_000);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/no server for 10 s at http:\/\/fake .*allowedOrigins has "http:\/\/localhost"/)],
    ]);
  });

  test('says once that the development server needs a proxy, if it reaches no server of its own origin', async () => {
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: [provideRealtime({ environment })] });
    server.upgrades('reject');
    server.http('unreachable');
    follow();
    await environment.advance(60_000);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /no server for 10 s at http:\/\/localhost .*passes "\/ws" and "\/realtime" on.*proxy\.conf/,
        ),
      ],
    ]);
  });

  test('says nothing of a server that goes away later', async () => {
    follow();
    await environment.advance(5_000);
    server.upgrades('reject');
    server.http('unreachable');
    server.cut();
    await environment.advance(60_000);
    expect(warn).not.toHaveBeenCalled();
  });

  test('says once that the server rejects the page', async () => {
    server.verify = () => 'forbidden';
    follow();
    await environment.advance(1_000);
    TestBed.inject(RealtimeService).connect();
    await environment.advance(1_000);
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('Statewire: the server rejects this page (forbidden).')],
    ]);
  });

  test('stays empty in a simulation that denies the page or takes its WebSocket away', async () => {
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: [provideRealtime(), provideRealtimeSimulation()] });
    const simulation = TestBed.inject(RealtimeSimulation);
    const { status } = TestBed.inject(RealtimeService);
    simulation.network.upgrades('reject');
    follow();
    await simulation.clock.advance(30_000);
    expect(status().state).toBe('polling');
    simulation.server.verify = () => 'forbidden';
    await simulation.until(() => status().state === 'denied');
    expect(warn).not.toHaveBeenCalled();
  });
});
