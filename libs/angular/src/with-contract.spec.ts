import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';

import { PACE } from './pace.js';
import { provideRealtime } from './provide-realtime.js';
import { RealtimeService } from './realtime.service.js';
import { PAGE, withContract, type RealtimeContractOptions } from './with-contract.js';

describe('withContract', () => {
  let reloads: number;
  /** The session storage, which outlives a reload. */
  let stored: Map<string, string>;

  beforeEach(() => {
    reloads = 0;
    stored = new Map();
  });

  const storage = () => ({
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, value: string) => void stored.set(name, value),
  });

  /** Opens the page, and returns its service once it has connected. */
  async function open(
    minContract: number | undefined,
    options: RealtimeContractOptions = { reload: true },
    sessionStorage: () => ReturnType<typeof storage> = storage,
  ): Promise<RealtimeService> {
    TestBed.resetTestingModule();
    const environment = new VirtualEnvironment();
    const server = new FakeServer(environment);
    server.minContract = minContract;
    const page = {
      location: { reload: () => (reloads += 1) },
      get sessionStorage() {
        return sessionStorage();
      },
    };
    TestBed.configureTestingModule({
      providers: [
        { provide: PAGE, useValue: page },
        { provide: PACE, useValue: (deliver: () => void) => deliver() },
        provideRealtime({ origin: 'http://fake', environment }, withContract(2, options)),
      ],
    });
    const service = TestBed.inject(RealtimeService);
    service.connect();
    await environment.advance(1_000);
    return service;
  }

  test('reloads an outdated page once for each pair of versions, and never in a loop', async () => {
    const service = await open(3);
    expect(service.status().outdated).toBe(true);
    expect(reloads).toBe(1);
    for (let again = 0; again < 5; again += 1) await open(3);
    expect(reloads).toBe(1);
    await open(4);
    await open(4);
    expect(reloads).toBe(2);
  });

  test('reloads in no loop while servers with different minContract, or two clients, take turns', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await open(3);
      await open(4);
    }
    expect(reloads).toBe(2);
  });

  test.each([undefined, 1, 2])('leaves a page alone that is not outdated: %s', async (minContract) => {
    const service = await open(minContract);
    expect(service.status().outdated).toBe(false);
    expect(reloads).toBe(0);
  });

  test('reloads nothing by default, and calls onOutdated once', async () => {
    const told: number[] = [];
    await open(3, { onOutdated: (minContract) => told.push(minContract) });
    expect({ told, reloads }).toEqual({ told: [3], reloads: 0 });
  });

  test.each([
    [
      'forbids its session storage',
      () => {
        throw new Error('SecurityError');
      },
    ],
    ['keeps nothing', () => ({ getItem: () => null, setItem: () => undefined })],
  ])('reloads nothing if the browser %s, because it could loop', async (_, sessionStorage) => {
    await open(3, { reload: true }, sessionStorage);
    expect(reloads).toBe(0);
  });
});
