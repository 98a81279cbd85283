import { setTimeout as wait } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';

import { FollowedNews, NOTHING_LOST } from './followed-news.js';
import { ProxyProcess } from './proxy-process.js';
import { PROXIES, REDIS, useThreeNodes } from './three-nodes.js';

const REQUEST = 'GET /realtime/config';

/** The chance that one of three nodes gets none of so many requests is one in ten million. */
const REQUESTS = 40;

const nodesOf = useThreeNodes(REDIS);

/** A slow machine must not be the reason that a page polls. */
const PATIENT = { polling: { startAfterMs: 60_000 } };

describe.each(PROXIES)('R11, R13: $name in front of three nodes', ({ start, ...proxy }) => {
  const missing = proxy.missing ?? REDIS.missing;
  const testHere = missing === undefined ? test : test.skip;
  const clients: RealtimeClient[] = [];
  let news: FollowedNews;
  let origin: string;

  beforeAll(async () => {
    if (missing !== undefined) return;
    ({ origin } = await start(nodesOf().target));
    await untilAllGetRequests();
  });

  beforeEach(async () => {
    if (missing === undefined) news = await FollowedNews.start(origin);
  });

  afterEach(async () => {
    clients.length = 0;
    news?.close();
    if (missing !== undefined) return;
    await nodesOf().complete();
    await untilAllGetRequests();
    await nodesOf().withoutConnections();
  });

  afterAll(() => ProxyProcess.stopAll());

  const request = async (): Promise<number> => (await fetch(`${origin}/realtime/config`)).status;

  /** A proxy knows a new node as soon as it has asked the name server, and has checked the health of the node. */
  async function untilAllGetRequests(): Promise<void> {
    nodesOf().clear();
    while (nodesOf().reachedBy(REQUEST) < 3) await request().catch(() => undefined);
    nodesOf().clear();
  }

  /** Opens connections one after another, until two nodes have some. */
  async function connectToTwoNodes(): Promise<void> {
    while (nodesOf().nodes.filter(({ connections }) => connections > 0).length < 2) {
      const client = news.follow(PATIENT);
      clients.push(client);
      await connected(client);
    }
  }

  const connected = (client: RealtimeClient): Promise<unknown> =>
    firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')));

  /** Sends requests until the work has ended. Resolves with the statuses other than 200. */
  async function failuresDuring(work: Promise<unknown>): Promise<number[]> {
    let hasEnded = false;
    void work.finally(() => (hasEnded = true));
    const failures: number[] = [];
    for (let sent = 0; sent < REQUESTS || !hasEnded; sent += 1) {
      const status = await request();
      if (status !== 200) failures.push(status);
    }
    return failures;
  }

  testHere('spreads the requests and the WebSockets over the nodes', async () => {
    for (let sent = 0; sent < REQUESTS; sent += 1) expect(await request()).toBe(200);
    expect(nodesOf().reachedBy(REQUEST)).toBe(3);
    await connectToTwoNodes();
    expect(clients.map(({ status }) => status.state)).toEqual(clients.map(() => 'live'));
  });

  testHere('fails no request when a node is killed, and its clients get every event once', async () => {
    await connectToTwoNodes();
    const node = nodesOf().nodes.find(({ connections }) => connections > 0)!;
    const killed = nodesOf().remove(node, () => node.kill());
    expect(await failuresDuring(killed)).toEqual([]);
    while (clients.every(({ metrics }) => metrics.reconnects === 0)) await wait(20);
    await Promise.all(clients.map(connected));
    expect(await news.report()).toEqual(NOTHING_LOST);
  });

  testHere(
    'fails no request while a node drains, and its clients move without a poll and get every event once',
    async () => {
      await connectToTwoNodes();
      const node = nodesOf().nodes.find(({ connections }) => connections > 0)!;
      const drained = nodesOf().remove(node, () => node.drain());
      expect(await failuresDuring(drained)).toEqual([]);
      expect(await drained).toBe(0);
      await Promise.all(clients.map(connected));
      expect(clients.map(({ metrics }) => metrics.polls)).toEqual(clients.map(() => 0));
      expect(await news.report()).toEqual(NOTHING_LOST);
    },
  );
});
