import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { skipReason, type RedisServer } from '@statewire/verification/servers';
import type { Browser } from 'playwright-core';

import { Player, startArena, startRedis, stopArenas, type Arena } from './arena.js';
import { closeBrowsers, describeInBrowser, launchChromium } from './chromium.js';
import { ArenaPage } from './page.js';
import { RoundRobin } from './round-robin.js';
import { Witness } from './witness.js';

const NODES = 3;

/** Number of samples to compare with the servers before the test believes the page. */
const MIN_COMPARED_SAMPLES = 20;

const describeWithServer = skipReason === undefined ? describeInBrowser : describe.skip;

describeWithServer('A battle on three nodes', () => {
  let redis: RedisServer;
  let nodes: Arena[];
  let proxy: RoundRobin;
  let browser: Browser;

  beforeEach(async () => {
    [redis, browser] = await Promise.all([startRedis(), launchChromium()]);
    nodes = await Promise.all(Array.from({ length: NODES }, () => startArena({ broker: redis.url })));
    proxy = await RoundRobin.start(nodes);
  });

  afterEach(async () => {
    await closeBrowsers();
    proxy.stop();
    await stopArenas();
  });

  const gameNode = (among: readonly Arena[]): Promise<Arena> => Promise.any(among.map(({ runsGame }) => runsGame));

  /** Kills a node. Resolves when the page is live again and shows a later tick. */
  async function lose(node: Arena, visitor: ArenaPage): Promise<void> {
    await node.kill();
    nodes = nodes.filter((one) => one !== node);
    await visitor.connection('live');
    await visitor.moves();
    await visitor.moves();
  }

  test('R26: stays true while its node, the node that ticks it, and then Redis are killed', async () => {
    const { battleId } = await (await Player.join(proxy.url, 'Ada')).startBattle();
    const witness = new Witness(proxy.url, battleId, { survivesFaults: true });
    const visitor = await ArenaPage.open(browser, `${proxy.url}/battles/${battleId}`);
    await visitor.connection('live');
    await visitor.moves();

    const ticking = await gameNode(nodes);
    while (proxy.connected.includes(ticking)) {
      proxy.cut();
      await visitor.connection('live');
      await visitor.moves();
    }
    await lose(proxy.connected[0]!, visitor);
    await lose(ticking, visitor);

    await redis.kill();
    await visitor.page
      .getByText(/^Not live for .*: the server does not see changes now$/)
      .first()
      .waitFor();
    const whileAway = await visitor.page.locator('[data-tick]').first().getAttribute('data-tick');
    await redis.start();
    await visitor.page.locator('arena-live-frame[data-freshness="live"] [data-battle]').waitFor();
    await visitor.moves();
    await visitor.moves();

    let samples = await visitor.samples();
    while (witness.compare(samples).compared < MIN_COMPARED_SAMPLES) {
      await visitor.moves();
      samples = await visitor.samples();
    }
    await witness.leave();
    expect(witness.compare(samples).wrong).toEqual([]);
    const ticks = samples.map(({ tick }) => tick);
    expect(ticks).toEqual(ticks.toSorted((one, other) => one - other));
    expect(ticks.at(-1)).toBeGreaterThan(Number(whileAway));
    const oldButLive = samples.filter(
      ({ connection, freshness }) => freshness === 'live' && connection !== 'live' && connection !== 'polling',
    );
    expect(oldButLive).toEqual([]);
    expect(samples.some(({ connection, freshness }) => connection === 'live' && freshness === 'stale')).toBe(true);
    await visitor.close();
  });
});
