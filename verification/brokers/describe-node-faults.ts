import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect } from '@jest/globals';
import { topicLease, type NewPublication } from '@statewire/nest';

import { until } from '../faults/support/until.js';
import { expectAllStored } from './expect-all-stored.js';
import { SHORT, TOPIC, valueAt } from './followed-topic.js';
import { Writer } from './follower.js';
import type { TestedBroker, TestServer } from './tested-broker.js';
import { untilEqual } from './until-equal.js';
import { useServers } from './use-servers.js';

const HOUR_MS = 3_600_000;

/** Defines the tests of what happens to one of two nodes, and to its calls: X8, X9, X10 and X15. */
export function describeNodeFaults<Server extends TestServer>(tested: TestedBroker<Server>): void {
  const { keep, start, testHere } = useServers(tested);

  describe('X8: the holder of a lease stops, and goes on later', () => {
    testHere('another node takes over, and what the first one publishes then is refused', async () => {
      const { topic } = await start();
      const [first, second] = topic.nodes;
      const lease = (await first.broker.lease(topicLease(TOPIC)))!;
      await topic.writer.publish(valueAt(1), lease.token);
      await untilEqual(topic.followers);
      const isLost = lease.lost.then(() => true);

      first.stop(true);
      const taken = (await second.broker.lease(topicLease(TOPIC), { signal: new AbortController().signal }))!;
      expect(taken.token).toBeGreaterThan(lease.token);
      const writer = new Writer(second.broker, TOPIC, topic.ledger, 'second');
      for (let n = 2; n <= 10; n++) await writer.publish(valueAt(n), taken.token);

      const late = topic.writer.publish(valueAt(0), lease.token);
      first.stop(false);
      await expect(late).rejects.toMatchObject({ code: 'fenced' });
      expect(await isLost).toBe(true);
      await untilEqual(topic.followers);
      expect(topic.followers[0]!.value).toEqual(valueAt(10));
    });
  });

  describe('X9: a node is killed while its actions run', () => {
    testHere('each action is lost once, and its lease and members are free', async () => {
      const { topic } = await start();
      const [first, second] = topic.nodes;
      const keys = Array.from({ length: 50 }, (_, n) => `action-${n}`);
      for (const key of keys) await first.broker.claim(key, 'f');
      await first.broker.join(TOPIC, { id: 'ann', info: null });
      const lease = await first.broker.lease('arena');
      const waiting = keys.map(async (key) => {
        const claim = await second.broker.claim(key, 'f');
        if (claim.outcome !== 'running') throw new Error(claim.outcome);
        return claim.answer.catch((error: { code: string }) => error.code);
      });
      await until(() => second.broker.sizes.claims === keys.length, 'the waiting callers');

      await first.crash();
      expect(await Promise.all(waiting)).toEqual(keys.map(() => 'unclaimed'));
      const claims = await Promise.all(keys.map(async (key) => second.broker.claim(key, 'f', { again: true })));
      expect(claims).toEqual(keys.map(() => ({ outcome: 'lost' })));
      await until(async () => (await second.broker.members(TOPIC)).length === 0, 'the end of the presence');
      const next = await second.broker.lease('arena', { signal: new AbortController().signal });
      expect(next!.token).toBeGreaterThan(lease!.token);
    });
  });

  describe('X10: replies that are lost after the server ran the call', () => {
    const ROUNDS = 1_000;

    testHere(`${ROUNDS} times: no event is lost, stored twice or out of order`, async () => {
      const server = keep(await tested.startServer());
      const history = { count: 10 * ROUNDS, bytes: 2 ** 24, ageMs: HOUR_MS };
      const node = keep(await tested.startNode(server.url, SHORT, { history }));
      const ids: string[] = [];
      const event = (): NewPublication => {
        const id = `e${ids.length}`;
        ids.push(id);
        return { kind: 'events', id, data: '1' };
      };
      for (let round = 0; round < ROUNDS; round++) {
        const lost = node.proxy.loseReply();
        const publishing = Array.from({ length: 1 + (round % 4) }, () => node.broker.publish('log', event()));
        await lost;
        publishing.push(node.broker.publish('log', event()));
        await Promise.all(publishing);
      }
      const { publications } = await node.broker.read('log', 'events', { above: -1 });
      expect(publications.map(({ id }) => id)).toEqual(ids);
    });

    testHere('of a state topic with deltas: the followers show every value in order', async () => {
      const { topic } = await start();
      for (let round = 0; round < 100; round++) {
        const lost = topic.nodes[0].proxy.loseReply();
        for (let n = 0; n <= round % 5; n++) topic.publish();
        await lost;
        await topic.settled();
      }
      await expectAllStored(topic);
      expect(topic.ledger.epochs.size).toBe(1);
    });
  });

  describe('X15: a node whose wall clock is wrong', () => {
    testHere(
      'by an hour, and goes back and forth: leases, answers, members and the times of publications are right',
      async () => {
        const { server, topic } = await start();
        const [first, second] = topic.nodes;
        second.environment.skewMs = HOUR_MS;
        const lease = (await second.broker.lease('arena'))!;
        let isLost = false;
        void lease.lost.then(() => (isLost = true));
        await second.broker.join(TOPIC, { id: 'ann', info: null });
        await second.broker.claim('action', 'f');
        await second.broker.settle('action', 'answer', 60_000);
        const { token } = (await second.broker.lease(topicLease(TOPIC)))!;
        const writer = new Writer(second.broker, TOPIC, topic.ledger, 'second');
        await writer.publish(valueAt(1), token);
        for (const hours of [-2, 1]) {
          second.environment.skewMs = hours * HOUR_MS;
          await writer.publish(valueAt(hours), token);
          await wait(2 * SHORT.nodeTtlMs);
        }
        expect(isLost).toBe(false);
        expect(await first.broker.lease('arena')).toBeUndefined();
        expect(await first.broker.members(TOPIC)).toEqual([{ id: 'ann', info: null }]);
        expect(await first.broker.claim('action', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
        await expect(topic.writer.publish(valueAt(3))).rejects.toMatchObject({ code: 'fenced' });
        await untilEqual(topic.followers);
        const { time } = await first.broker.read(TOPIC, 'state');
        expect(Math.abs((await tested.now(server)) - time!)).toBeLessThan(HOUR_MS / 6);
      },
    );
  });
}
