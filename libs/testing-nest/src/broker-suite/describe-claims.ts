import { BrokerError } from '@statewire/nest';

import type { Cluster } from './cluster.js';
import type { TestRunner } from './test-runner.js';

export function describeClaims({ describe, test, expect }: TestRunner, cluster: Cluster): void {
  describe('claims', () => {
    test('a key is claimed once, and other callers get the answer of the first', async () => {
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'claimed' });
      const second = await cluster.there.claim('k', 'f');
      if (second.outcome !== 'running') throw new Error(second.outcome);
      await cluster.here.settle('k', 'answer', 1_000);
      expect(await second.answer).toBe('answer');
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    });

    test('one of many concurrent claims for a key succeeds', async () => {
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) => cluster.setup.nodes[index % 2]!.claim('k', 'f')),
      );
      expect(claims.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
      expect(claims.filter(({ outcome }) => outcome === 'running')).toHaveLength(19);
      await cluster.here.settle('k', 'answer', 1_000);
    });

    test('the same key with another fingerprint is a conflict, before and after it is settled', async () => {
      await cluster.here.claim('k', 'f');
      expect(await cluster.there.claim('k', 'g')).toEqual({ outcome: 'conflict' });
      await cluster.here.settle('k', 'answer', 1_000);
      expect(await cluster.there.claim('k', 'g')).toEqual({ outcome: 'conflict' });
    });

    test('an answer is remembered for its window and no longer', async () => {
      await cluster.here.claim('k', 'f');
      await cluster.here.settle('k', 'answer', 5_000);
      await cluster.setup.advance(4_999);
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      await cluster.setup.advance(2);
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'claimed' });
    });

    test('a claim that was given back can be claimed again, and rejects its waiting callers', async () => {
      await cluster.here.claim('k', 'f');
      const waiting = await cluster.there.claim('k', 'f');
      if (waiting.outcome !== 'running') throw new Error(waiting.outcome);
      const answer = waiting.answer.catch((error: unknown) => error);
      await cluster.here.unclaim('k');
      expect(await answer).toMatchObject({ code: 'unclaimed' });
      expect(await cluster.there.claim('k', 'other')).toEqual({ outcome: 'claimed' });
    });

    test('only a claimed key can be settled or given back', async () => {
      await expect(cluster.here.settle('k', 'answer', 1_000)).rejects.toMatchObject({ code: 'not_held' });
      await expect(cluster.here.unclaim('k')).rejects.toBeInstanceOf(BrokerError);
      await cluster.here.claim('k', 'f');
      await cluster.here.settle('k', 'answer', 1_000);
      await expect(cluster.here.unclaim('k')).rejects.toMatchObject({ code: 'not_held' });
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    });

    test('a forgotten answer leaves every node, its action does not run again, and other answers stay', async () => {
      for (const key of ['k', 'other']) {
        await cluster.here.claim(key, 'f', 'user ann', 'tab');
        await cluster.here.settle(key, 'answer', 1_000);
      }
      await cluster.there.forget(['k', 'unknown']);
      expect(await cluster.here.claim('other', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'lost' });
    });

    test('a running claim cannot be forgotten', async () => {
      await cluster.here.claim('k', 'f');
      await cluster.there.forget(['k', ...Array.from({ length: 1_000 }, (_, n) => `${n}`)]);
      const second = await cluster.there.claim('k', 'f');
      if (second.outcome !== 'running') throw new Error(second.outcome);
      await cluster.here.settle('k', 'answer', 1_000);
      expect(await second.answer).toBe('answer');
    });
  });
}
