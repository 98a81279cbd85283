import { BrokerError, type Claim } from '@statewire/nest';

import { eventually, type Suite } from './suite.js';

/** Longer than any test. */
const WINDOW_MS = 600_000;

/** Returns the answer that a claim waits for. */
function answerOf(claim: Claim): Promise<string> {
  if (claim.outcome !== 'running') throw new Error(`Expected a running action, got ${claim.outcome}.`);
  return claim.answer;
}

function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

export function describeClaims({ describe, test, expect, cluster, testWith }: Suite): void {
  describe('claims', () => {
    test('a key is claimed once, and other callers get the answer of the first', async () => {
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'claimed' });
      const second = await cluster.there.claim('k', 'f');
      const answer = answerOf(second);
      await cluster.here.settle('k', 'answer', WINDOW_MS);
      expect(await answer).toBe('answer');
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    });

    test('one of many concurrent claims for a key succeeds', async () => {
      const claims = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => cluster.setup.nodes[index % 2]!.claim('k', 'f')),
      );
      expect(claims.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
      const waiting = claims.filter(({ outcome }) => outcome === 'running');
      expect(waiting).toHaveLength(19);
      const owner = claims.findIndex(({ outcome }) => outcome === 'claimed');
      await cluster.setup.nodes[owner % 2]!.settle('k', 'answer', WINDOW_MS);
      expect(await Promise.all(waiting.map(answerOf))).toEqual(waiting.map(() => 'answer'));
    });

    test('the same key with another fingerprint is a conflict, before and after it is settled', async () => {
      await cluster.here.claim('k', 'f');
      expect(await cluster.there.claim('k', 'g')).toEqual({ outcome: 'conflict' });
      await cluster.here.settle('k', 'answer', WINDOW_MS);
      expect(await cluster.there.claim('k', 'g')).toEqual({ outcome: 'conflict' });
    });

    test('an answer is remembered for its window and no longer', async () => {
      const { setup } = cluster;
      await cluster.here.claim('k', 'f');
      await cluster.here.settle('k', 'answer', 100 * setup.tick);
      await setup.advance(50 * setup.tick);
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      await setup.advance(60 * setup.tick);
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'claimed' });
    });

    test('a claim that was given back can be claimed again, and rejects its waiting callers', async () => {
      await cluster.here.claim('k', 'f');
      const answer = errorOf(answerOf(await cluster.there.claim('k', 'f')));
      await cluster.here.unclaim('k');
      expect(await answer).toMatchObject({ code: 'unclaimed' });
      expect(await cluster.there.claim('k', 'other')).toEqual({ outcome: 'claimed' });
    });

    test('only a claimed key can be settled or given back', async () => {
      await expect(cluster.here.settle('k', 'answer', WINDOW_MS)).rejects.toMatchObject({ code: 'not_held' });
      await expect(cluster.here.unclaim('k')).rejects.toBeInstanceOf(BrokerError);
      await cluster.here.claim('k', 'f');
      await cluster.here.settle('k', 'answer', WINDOW_MS);
      await expect(cluster.here.unclaim('k')).rejects.toMatchObject({ code: 'not_held' });
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    });

    testWith('separateNodes', 'only the node that claimed a key can settle it or give it back', async () => {
      await cluster.here.claim('k', 'f');
      await expect(cluster.there.settle('k', 'forged', WINDOW_MS)).rejects.toMatchObject({ code: 'not_held' });
      await expect(cluster.there.unclaim('k')).rejects.toMatchObject({ code: 'not_held' });
      await cluster.here.settle('k', 'answer', WINDOW_MS);
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    });

    test('a forgotten answer leaves every node, its action does not run again, and other answers stay', async () => {
      for (const key of ['k', 'other']) {
        await cluster.here.claim(key, 'f', { caller: 'user ann', client: 'tab' });
        await cluster.here.settle(key, 'answer', WINDOW_MS);
      }
      await cluster.there.forget(['k', 'unknown']);
      expect(await cluster.here.claim('other', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'lost' });
    });

    test('a running claim cannot be forgotten', async () => {
      await cluster.here.claim('k', 'f');
      await cluster.there.forget(['k', ...Array.from({ length: 1_000 }, (_, n) => `${n}`)]);
      const answer = answerOf(await cluster.there.claim('k', 'f'));
      await cluster.here.settle('k', 'answer', WINDOW_MS);
      expect(await answer).toBe('answer');
    });

    testWith(
      'crash',
      'if the node of a running action ends, its waiting callers claim again and find it lost',
      async (setup) => {
        const { nodeTimeout = 15_000 } = setup;
        await cluster.here.claim('running', 'f');
        await cluster.here.claim('settled', 'f');
        await cluster.here.settle('settled', 'answer', WINDOW_MS);
        let error: unknown;
        void errorOf(answerOf(await cluster.there.claim('running', 'f'))).then((reason) => (error = reason));
        await setup.crash(cluster.here);
        await eventually(setup, 'the waiting callers to hear of it', 2 * nodeTimeout, () => error !== undefined);
        expect(error).toMatchObject({ code: 'unclaimed' });
        expect(await cluster.there.claim('running', 'f')).toEqual({ outcome: 'lost' });
        expect(await cluster.there.claim('settled', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      },
    );

    testWith('interrupt', 'an answer that is settled while the broker is out of reach arrives later', async (setup) => {
      await cluster.here.claim('k', 'f');
      const answer = answerOf(await cluster.there.claim('k', 'f'));
      const resume = await setup.interrupt(cluster.here);
      const settling = cluster.here.settle('k', 'answer', WINDOW_MS);
      await setup.advance(10 * setup.tick);
      await resume();
      await settling;
      expect(await answer).toBe('answer');
    });
  });
}
