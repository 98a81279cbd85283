import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect } from '@jest/globals';
import type { INestApplication, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RealtimeBus,
  RealtimeConnections,
  RealtimeModule,
  RealtimeSwitch,
  type NewPublication,
  type RealtimeModuleOptions,
} from '@statewire/nest';
import { stateTopic } from '@statewire/protocol';

import { until } from '../faults/support/until.js';
import { expectAllStored } from './expect-all-stored.js';
import { SHORT } from './followed-topic.js';
import { Proxy } from './proxy.js';
import type { TestedBroker, TestServer } from './tested-broker.js';
import { useServers } from './use-servers.js';

const counter = stateTopic<{ count: number }>()('counters/:id').with({ id: '1' });

/** Keeps warnings, as a log does. */
class Warnings implements LoggerService {
  private readonly lines: string[] = [];

  has(event: string): boolean {
    return this.lines.some((line) => line.includes(event));
  }

  warn(line: unknown): void {
    this.lines.push(String(line));
  }

  error(): void {}

  log(): void {}
}

/** Defines the tests of the link between a node and its server: X7 and X11. */
export function describeLinkFaults<Server extends TestServer>(tested: TestedBroker<Server>): void {
  const { keep, start, testHere } = useServers(tested);

  describe('X7: the link of one node is down', () => {
    async function startApplication(
      url: string,
      history: RealtimeModuleOptions['history'],
      logger: Warnings,
    ): Promise<INestApplication> {
      const module = RealtimeModule.forRoot({ broker: tested.create(url), history });
      const application = await NestFactory.create({ module: class {}, imports: [module] }, { logger });
      keep({ dispose: () => application.close() });
      return application.init();
    }

    testHere.each([
      ['for 10 s: it gets what it missed', 10_000, { count: 100 }, false],
      ['until the history has lost some of it: all its users are verified again', 5_000, { count: 5 }, true],
    ])('%s, and the switch is right', async (_, downMs, history, hasGap) => {
      const server = keep(await tested.startServer());
      const proxy = keep(await Proxy.start(server.url));
      const warnings = new Warnings();
      const first = await startApplication(server.url, history, new Warnings());
      const second = await startApplication(proxy.url, history, warnings);
      const values: number[] = [];
      const following = second
        .get(RealtimeBus)
        .stream(counter)
        .subscribe(({ count }) => values.push(count));
      const revoked: unknown[] = [];
      second.get(RealtimeConnections).revoked.subscribe((whose) => revoked.push(whose));
      const bus = first.get(RealtimeBus);
      await bus.publish(counter, { count: 0 });
      await until(() => values.length > 0, 'the first value');

      proxy.cut();
      await until(() => warnings.has('broker-away'), 'the loss of the link');
      const users = Array.from({ length: 20 }, (__, n) => `user-${n}`);
      for (const [n, user] of users.entries()) {
        await first.get(RealtimeConnections).revoke({ user });
        await bus.publish(counter, { count: n + 1 });
      }
      await first.get(RealtimeSwitch).set(false);
      await wait(downMs);
      expect(second.get(RealtimeSwitch).enabled).toBe(true);
      proxy.mend();
      await until(
        () => values.at(-1) === users.length && !second.get(RealtimeSwitch).enabled,
        () => `the newest value and the switch: ${values.at(-1)}`,
      );
      await until(
        () => (hasGap ? warnings.has('revocations-missed') : revoked.length === users.length),
        () => `the revocations: ${revoked.length}`,
      );
      if (!hasGap) {
        expect(revoked).toEqual(users.map((user) => expect.objectContaining({ user })));
        expect(warnings.has('revocations-missed')).toBe(false);
      }
      expect(values).toEqual([...values].sort((a, b) => a - b));
      following.unsubscribe();
      await first.get(RealtimeSwitch).set(true);
    });
  });

  describe('X11: a slow link', () => {
    testHere.each([
      ['of 200 ms each way', { delayMs: 200 }],
      ['in pieces of one byte', { sliceBytes: 1 }],
      ['of 50 kB/s', { bytesPerSecond: 50_000 }],
    ])('%s: the queue is bounded, nothing changes its order, and actions answer', async (_, pace) => {
      const LIMIT = 100;
      const server = keep(await tested.startServer());
      const node = keep(await tested.startNode(server.url, { ...SHORT, maxPending: { count: LIMIT } }));
      const reader = keep(await tested.startNode(server.url, SHORT));
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

    testHere.each([
      ['of 200 ms and 50 kB/s', { delayMs: 200, bytesPerSecond: 50_000 }],
      ['of 200 ms, in pieces of one byte', { delayMs: 200, sliceBytes: 1 }],
    ])('%s, to a follower: it shows every value that it shows in order, and the newest at the end', async (_, pace) => {
      const { topic } = await start();
      topic.nodes[1].proxy.slowDown(pace);
      await topic.publishDuring(() => wait(3_000));
      await expectAllStored(topic);
      expect(topic.ledger.epochs.size).toBe(1);
    });
  });
}
