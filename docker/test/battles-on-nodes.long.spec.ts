import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pauseBattle, resumeBattle, spectators } from '@statewire/arena';
import type { RealtimeClient, RealtimeClientOptions } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { arenaClient, reached, signIn, startBattle } from './arena-client.js';
import { BattleWatcher, contradictions } from './battle-watcher.js';
import { FollowedNews, NOTHING_LOST } from './followed-news.js';
import { ProxyProcess } from './proxy-process.js';
import { POSTGRES, PROXIES, REDIS, useThreeNodes } from './three-nodes.js';

const POLLING = { webSocket: { enabled: false }, polling: { intervalMs: 100 } };

const PLACES = [REDIS, POSTGRES].flatMap((broker) =>
  PROXIES.map((proxy) => ({
    ...proxy,
    broker,
    name: `${broker.name} behind ${proxy.name}`,
    missing: proxy.missing ?? broker.missing,
  })),
);

describe.each(PLACES)('R11, R13: battles on three nodes with $name', ({ broker, missing, start }) => {
  const nodesOf = useThreeNodes({ ...broker, missing });
  const testHere = missing === undefined ? test : test.skip;
  const clients: RealtimeClient[] = [];
  let news: FollowedNews | undefined;
  let origin: string;

  beforeAll(async () => {
    if (missing === undefined) ({ origin } = await start(nodesOf().target));
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    news?.close();
    if (missing !== undefined) return;
    await nodesOf().withoutConnections();
    await nodesOf().complete();
    nodesOf().clear();
  });

  afterAll(() => ProxyProcess.stopAll());

  function connect(options?: Partial<RealtimeClientOptions>): RealtimeClient {
    const client = arenaClient(origin, options);
    clients.push(client);
    return client;
  }

  function watch(battleId: string, options?: Partial<RealtimeClientOptions>): BattleWatcher {
    return new BattleWatcher(connect(options), battleId);
  }

  /** Watchers over WebSockets on more than one node, and one that polls. */
  async function watchEverywhere(battleId: string): Promise<BattleWatcher[]> {
    const watchers = [watch(battleId, POLLING)];
    while (nodesOf().nodes.filter(({ connections }) => connections > 0).length < 2) {
      const watcher = watch(battleId);
      watchers.push(watcher);
      await watcher.advances(1);
    }
    return watchers;
  }

  testHere('a client polls all nodes in turn, and sees the battle of one of them', async () => {
    const watcher = watch(await startBattle(origin), POLLING);
    while (nodesOf().reachedBy('POST /realtime/poll') < 3) await watcher.advances(1);
    await watcher.advances();
    expect(watcher.client.status.state).toBe('polling');
    expect(contradictions([watcher])).toEqual([]);
  });

  testHere('actions of one client reach all nodes, and each takes effect', async () => {
    const { token } = await signIn(origin);
    const battleId = await startBattle(origin, token);
    const player = connect({ token: () => token, ...POLLING });
    const watcher = watch(battleId);
    for (let paused = false; nodesOf().reachedBy('POST /realtime/actions') < 3 || paused;) {
      paused = !paused;
      await firstValueFrom(player.act(paused ? pauseBattle : resumeBattle, { battleId }));
      await watcher.sees(({ status }) => (status === 'paused') === paused);
    }
    expect(contradictions([watcher])).toEqual([]);
  });

  testHere('spectators on different nodes see each other', async () => {
    const battleId = await startBattle(origin);
    const lists = [];
    while (nodesOf().nodes.filter(({ connections }) => connections > 0).length < 2) {
      const { token } = await signIn(origin, `Player ${lists.length}`);
      const client = connect({ token: () => token });
      await new BattleWatcher(client, battleId).advances(1);
      lists.push(client.state(spectators.with({ battleId })));
    }
    const all = lists.length;
    for (const list of lists) {
      const { members } = await firstValueFrom(list.pipe(filter(({ count }) => count === all)));
      expect(members).toHaveLength(all);
    }
  });

  testHere('a client without a WebSocket polls, and connects again, with no position twice', async () => {
    const battleId = await startBattle(origin);
    let isBlocked = false;
    const open = (url: string, protocol: string): WebSocket =>
      new WebSocket(isBlocked ? 'ws://127.0.0.1:9' : url, protocol, { headers: { origin } });
    const sockets: WebSocket[] = [];
    const watcher = watch(battleId, {
      polling: { intervalMs: 100 },
      environment: {
        openWebSocket: (url, protocol) => {
          const socket = open(url, protocol);
          sockets.push(socket);
          return socket;
        },
      },
    });
    await watcher.advances();
    isBlocked = true;
    for (const socket of sockets) socket.terminate();
    await reached(watcher.client, 'polling');
    await watcher.advances();
    isBlocked = false;
    await reached(watcher.client, 'live');
    await watcher.advances();
    expect(contradictions([watcher])).toEqual([]);
  });

  /** Pages of a player on more than one node, as a proxy in turn spreads them. */
  async function followNews(): Promise<FollowedNews> {
    news = await FollowedNews.start(origin);
    for (let page = 0; page < 3; page++) news.follow();
    return news;
  }

  testHere('a node is killed, and its clients go on elsewhere', async () => {
    const watchers = await watchEverywhere(await startBattle(origin));
    const pages = await followNews();
    const node = nodesOf().nodes.find(({ connections }) => connections > 0)!;
    await nodesOf().remove(node, () => node.kill());
    await Promise.all(watchers.map((watcher) => watcher.advances()));
    expect(contradictions(watchers)).toEqual([]);
    expect(watchers.map(({ client }) => client.metrics.holes)).toEqual(watchers.map(() => 0));
    expect(await pages.report()).toEqual(NOTHING_LOST);
  });

  testHere('a node drains, and its clients go on elsewhere', async () => {
    const watchers = await watchEverywhere(await startBattle(origin));
    const pages = await followNews();
    const node = nodesOf().nodes.find(({ connections }) => connections > 0)!;
    expect(await nodesOf().remove(node, () => node.drain())).toBe(0);
    await Promise.all(watchers.map((watcher) => watcher.advances()));
    expect(contradictions(watchers)).toEqual([]);
    expect(watchers.map(({ client }) => client.metrics.holes)).toEqual(watchers.map(() => 0));
    expect(await pages.report()).toEqual(NOTHING_LOST);
  });
});
