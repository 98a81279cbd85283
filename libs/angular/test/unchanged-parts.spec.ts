import { computed } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { describe, expect, test } from '@jest/globals';
import { injectTopic, provideRealtime, RealtimeService, ɵPACE, ɵWARN } from '@statewire/angular';
import { stateTopic } from '@statewire/protocol';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';
import { distinctUntilChanged, map } from 'rxjs';

interface Shop {
  readonly owner: { readonly name: string };
  readonly rows: readonly { readonly id: string; readonly price: { readonly amount: number } }[];
}

const shop = stateTopic<Shop>()('shop').with();

const OWNER = { name: 'An owner whose name is longer than a change of one price' };

const shopOf = (...amounts: number[]): Shop => ({
  owner: OWNER,
  rows: amounts.map((amount, index) => ({ id: `row-${index}`, price: { amount } })),
});

/** Follows the topic with signals and observables of its parts, and counts how often each of them changes. */
async function follow(transport: 'WebSocket' | 'polling') {
  const environment = new VirtualEnvironment();
  // With so short a history, a client that missed something gets a snapshot.
  const server = new FakeServer(environment, { history: 1 });
  server.publish(shop, shopOf(1, 2, 3));
  if (transport === 'polling') server.upgrades('reject');
  TestBed.configureTestingModule({
    providers: [
      { provide: ɵPACE, useValue: (deliver: () => void) => deliver() },
      { provide: ɵWARN, useValue: () => undefined },
      provideRealtime({ origin: 'http://fake', environment }),
    ],
  });
  const changes = { value: 0, owner: 0, 'row-0': 0, 'row-1': 0, owner$: 0 };
  const topic = TestBed.runInInjectionContext(() => injectTopic(() => shop));
  const owner = computed(() => topic.value()?.owner);
  const rows = [0, 1].map((index) => computed(() => topic.value()?.rows.find(({ id }) => id === `row-${index}`)));
  const counting = [
    computed(() => (topic.value(), (changes.value += 1))),
    computed(() => (owner(), (changes.owner += 1))),
    computed(() => (rows[0]!(), (changes['row-0'] += 1))),
    computed(() => (rows[1]!(), (changes['row-1'] += 1))),
  ];
  TestBed.inject(RealtimeService)
    .state(shop)
    .pipe(
      map((value) => value.owner),
      distinctUntilChanged(),
    )
    .subscribe(() => (changes.owner$ += 1));
  const read = (): Shop | undefined => {
    TestBed.tick();
    for (const count of counting) count();
    return topic.value();
  };
  await environment.until(() => read() !== undefined);
  Object.assign(changes, { value: 0, owner: 0, 'row-0': 0, 'row-1': 0, owner$: 0 });
  const shows = (expected: Shop): Promise<void> =>
    environment.until(() => JSON.stringify(read()) === JSON.stringify(expected) && topic.freshness()?.state === 'live');
  return { environment, server, changes, shows, read, freshness: topic.freshness, position: topic.position };
}

describe.each(['WebSocket', 'polling'] as const)('signals and observables over %s', (transport) => {
  test('fire for the parts that a patch changes, and for no others', async () => {
    const { server, shows, changes } = await follow(transport);
    server.publish(shop, shopOf(1, 5, 3));
    await shows(shopOf(1, 5, 3));
    expect(changes).toEqual({ value: 1, owner: 0, 'row-0': 0, 'row-1': 1, owner$: 0 });
  });

  test('fire for the parts that a snapshot after a lost connection changes, and for no others', async () => {
    const { server, shows, changes } = await follow(transport);
    server.cut();
    server.publish(shop, shopOf(1, 4, 3));
    server.publish(shop, shopOf(1, 5, 3));
    await shows(shopOf(1, 5, 3));
    expect(changes).toEqual({ value: 1, owner: 0, 'row-0': 0, 'row-1': 1, owner$: 0 });
  });

  test('do not fire for the equal value of a new epoch', async () => {
    const { environment, server, position, read, changes } = await follow(transport);
    const before = position()?.epoch;
    server.cut();
    server.renew(shop);
    await environment.until(() => (read(), position()?.epoch !== before));
    expect(changes).toEqual({ value: 0, owner: 0, 'row-0': 0, 'row-1': 0, owner$: 0 });
  });
});

test('signals do not fire for an equal value after a switch to polling and back', async () => {
  const { environment, server, changes, read, freshness } = await follow('WebSocket');
  const realtime = TestBed.inject(RealtimeService);
  server.upgrades('hang');
  server.cut();
  server.renew(shop);
  await environment.until(() => (read(), realtime.status().state === 'polling' && freshness()?.state === 'live'));
  server.upgrades('pass');
  server.renew(shop);
  await environment.until(() => (read(), realtime.status().state === 'live' && freshness()?.state === 'live'));
  expect(changes).toEqual({ value: 0, owner: 0, 'row-0': 0, 'row-1': 0, owner$: 0 });
});
