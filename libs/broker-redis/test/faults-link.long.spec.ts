import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { INestApplication, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RealtimeBus,
  RealtimeConnections,
  RealtimeModule,
  RealtimeSwitch,
  topicLease,
  type NewPublication,
  type RealtimeModuleOptions,
} from '@statewire/nest';
import { stateTopic } from '@statewire/protocol';
import { RedisServer, skipReason } from '@statewire/verification/servers';
import { setTimeout as wait } from 'node:timers/promises';

import { redisBroker } from '../src/index.js';
import { FollowedTopic, SHORT, TOPIC, valueAt } from './support/followed-topic.js';
import { Writer } from './support/follower.js';
import { Proxy } from './support/proxy.js';
import { startNode } from './support/test-node.js';
import { until, untilEqual } from './support/until.js';

const testWithServer = skipReason === undefined ? test : test.skip;
const counter = stateTopic<{ count: number }>()('counters/:id').with({ id: '1' });

const disposals: (() => Promise<void>)[] = [];
let server: RedisServer;

beforeEach(async () => {
  if (skipReason !== undefined) return;
  server = await RedisServer.start();
  disposals.push(() => server.dispose());
});

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

describe('X7: the link of one node is down', () => {
  /** Keeps warnings, as a log does. */
  class Warnings implements LoggerService {
    readonly lines: string[] = [];

    warn(line: unknown): void {
      this.lines.push(String(line));
    }

    error(): void {}

    log(): void {}
  }

  async function start(
    url: string,
    history: RealtimeModuleOptions['history'],
    logger: Warnings,
  ): Promise<INestApplication> {
    const module = RealtimeModule.forRoot({ broker: redisBroker({ url }), history });
    const application = await NestFactory.create({ module: class {}, imports: [module] }, { logger });
    disposals.push(() => application.close());
    return application.init();
  }

  testWithServer.each([
    ['for 10 s: it gets what it missed', 10_000, { count: 100 }, false],
    ['until the history has lost some of it: all its users are verified again', 5_000, { count: 5 }, true],
  ])('%s, and the switch is right', async (_, downMs, history, hasGap) => {
    const proxy = await Proxy.start(server.port);
    disposals.push(() => proxy.dispose());
    const [quiet, warnings] = [new Warnings(), new Warnings()];
    const [first, second] = [await start(server.url, history, quiet), await start(proxy.url, history, warnings)];
    const values: number[] = [];
    const following = second
      .get(RealtimeBus)
      .stream(counter)
      .subscribe(({ count }) => values.push(count));
    const revoked: unknown[] = [];
    second.get(RealtimeConnections).revoked.subscribe((whose) => revoked.push(whose));
    const bus = first.get(RealtimeBus);
    await bus.publish(counter, { count: 0 });
    await until('the first value', () => values.length > 0);

    proxy.cut();
    await until('the loss of the link', () => warnings.lines.some((line) => line.includes('broker-away')));
    const users = Array.from({ length: 20 }, (__, n) => `user-${n}`);
    for (const [n, user] of users.entries()) {
      await first.get(RealtimeConnections).revoke({ user });
      await bus.publish(counter, { count: n + 1 });
    }
    await first.get(RealtimeSwitch).set(false);
    await wait(downMs);
    expect(second.get(RealtimeSwitch).enabled).toBe(true);
    proxy.mend();
    await until('the newest value', () => values.at(-1) === users.length);
    await until('the switch', () => !second.get(RealtimeSwitch).enabled);
    const missed = (): boolean => warnings.lines.some((line) => line.includes('revocations-missed'));
    if (hasGap) await until('the gap', missed);
    else {
      await until('the revocations', () => revoked.length === users.length);
      expect(revoked).toEqual(users.map((user) => expect.objectContaining({ user })));
      expect(missed()).toBe(false);
    }
    expect(values).toEqual([...values].sort((a, b) => a - b));
    following.unsubscribe();
    await first.get(RealtimeSwitch).set(true);
  });
});

describe('X11: a slow link', () => {
  testWithServer.each([
    ['of 200 ms each way', { delayMs: 200 }],
    ['in pieces of one byte', { sliceBytes: 1 }],
    ['of 50 kB/s', { bytesPerSecond: 50_000 }],
  ])('%s: the queue is bounded, nothing changes its order, and actions answer', async (_, pace) => {
    const LIMIT = 100;
    const node = await startNode(server.port, { ...SHORT, maxPending: { count: LIMIT } });
    disposals.push(() => node.dispose());
    const reader = await startNode(server.port, SHORT);
    disposals.push(() => reader.dispose());
    node.proxy.slowDown(pace);
    const accepted: string[] = [];
    const codes = new Set<string>();
    let most = 0;
    const publishing: Promise<void>[] = [];
    for (let n = 0; n < 4 * LIMIT; n++) {
      const event: NewPublication = { kind: 'events', id: `e${n}`, data: JSON.stringify('x'.repeat(300)) };
      publishing.push(
        node.broker.publish('log', event).then(
          () => void accepted.push(event.id),
          (error: { code: string }) => void codes.add(error.code),
        ),
      );
      most = Math.max(most, node.broker.sizes.pending);
    }
    expect(await node.broker.claim('action', 'f')).toEqual({ outcome: 'claimed' });
    await node.broker.settle('action', 'answer', 60_000);
    await Promise.all(publishing);
    expect(most).toBe(LIMIT);
    expect([...codes]).toEqual(['unavailable']);
    expect(accepted.length).toBeGreaterThanOrEqual(LIMIT);
    const { publications } = await reader.broker.read('log', 'events', { above: -1 });
    expect(publications.map(({ id }) => id)).toEqual(accepted);
    expect(await reader.broker.claim('action', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
  });

  testWithServer('to a follower: it shows every value that it shows in order, and the newest at the end', async () => {
    const topic = await FollowedTopic.start(server, SHORT);
    disposals.push(() => topic.dispose());
    topic.nodes[1].proxy.slowDown({ delayMs: 200, bytesPerSecond: 50_000 });
    await topic.publishDuring(() => wait(3_000));
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
  });
});

describe('X15: a node whose wall clock is wrong', () => {
  testWithServer(
    'by an hour, and goes back: leases, answers, members and the times of publications are right',
    async () => {
      const topic = await FollowedTopic.start(server, SHORT);
      disposals.push(() => topic.dispose());
      const [first, second] = topic.nodes;
      second.environment.skewMs = 3_600_000;
      const lease = (await second.broker.lease('arena'))!;
      let isLost = false;
      void lease.lost.then(() => (isLost = true));
      await second.broker.join(TOPIC, { id: 'ann', info: null });
      await second.broker.claim('action', 'f');
      await second.broker.settle('action', 'answer', 60_000);
      const { token } = (await second.broker.lease(topicLease(TOPIC)))!;
      const writer = new Writer(second.broker, TOPIC, topic.ledger, 'second');
      await writer.publish(valueAt(1), token);
      second.environment.skewMs = -7_200_000;
      await writer.publish(valueAt(2), token);
      await wait(3 * SHORT.nodeTtlMs!);
      expect(isLost).toBe(false);
      expect(await first.broker.lease('arena')).toBeUndefined();
      expect(await first.broker.members(TOPIC)).toEqual([{ id: 'ann', info: null }]);
      expect(await first.broker.claim('action', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      await expect(topic.writer.publish(valueAt(3))).rejects.toMatchObject({ code: 'fenced' });
      await untilEqual(topic.followers);
      const { time } = await first.broker.read(TOPIC, 'state');
      const now = await server.admin((send) => send('TIME'));
      const serverNow = Number((now as string[])[0]) * 1_000;
      expect(Math.abs(serverNow - time!)).toBeLessThan(600_000);
    },
  );
});
