import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { RealtimeTestingController } from '@statewire/angular/testing';
import { lobby } from '@statewire/arena';

import { provideArenaTesting } from '../../testing/render';
import { lobbyState } from '../../testing/samples';
import { Traffic } from './traffic.service';

describe('Traffic', () => {
  let traffic: Traffic;
  let server: RealtimeTestingController;

  beforeEach(() => {
    jest.useFakeTimers();
    provideArenaTesting();
    traffic = TestBed.inject(Traffic);
    server = TestBed.inject(RealtimeTestingController);
    TestBed.tick();
  });

  afterEach(() => {
    TestBed.resetTestingModule();
    jest.useRealTimers();
  });

  function polledBytes(): number {
    return traffic.savings().costs.find(({ label }) => label === 'Polling every 2 s')?.bytes ?? Number.NaN;
  }

  test('counts the first value at once, then changes every two seconds', () => {
    const size = JSON.stringify(lobbyState()).length;
    server.publish(lobby.with(), lobbyState());
    TestBed.tick();
    expect(polledBytes()).toBe(size);

    jest.advanceTimersByTime(4_000);
    expect(polledBytes()).toBe(size);

    const changed = { ...lobbyState(), battles: [] };
    server.publish(lobby.with(), changed);
    jest.advanceTimersByTime(1_999);
    expect(polledBytes()).toBe(size);
    jest.advanceTimersByTime(1);
    expect(polledBytes()).toBe(size + JSON.stringify(changed).length);
  });

  test('keeps one sample for each of the last 60 seconds', () => {
    jest.advanceTimersByTime(3_000);
    expect(traffic.bytesPerSecond()).toHaveLength(3);
    jest.advanceTimersByTime(100_000);
    expect(traffic.bytesPerSecond()).toHaveLength(60);
    expect(traffic.rates()).toEqual({ bytes: 0, messages: 0 });
  });

  test('stops counting when the page ends', () => {
    TestBed.resetTestingModule();
    expect(jest.getTimerCount()).toBe(0);
  });
});
