import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { BrokerError } from '../../core/broker.js';
import { Claims, storedClaimOf, type ClaimCall, type ClaimEnd, type StoredClaim } from './claims.js';

const WINDOW_MS = 120_000;

/** The claims of a node, of which the test decides the answers of the server. */
function create() {
  const environment = new VirtualEnvironment();
  const server = {
    isUp: true,
    claimed: { outcome: 'claimed' } as StoredClaim | Error,
    found: undefined as StoredClaim | undefined,
    isHeld: true,
    ended: new Set<string>(),
    calls: [] as unknown[],
    watchers: new Set<(end?: ClaimEnd) => void>(),
  };
  const store = {
    isUp: () => server.isUp,
    claim: async (_: ClaimCall, runningMs: number, doubtfulMs: number | undefined) => {
      server.calls.push(['claim', runningMs, doubtfulMs]);
      if (server.claimed instanceof Error) throw server.claimed;
      return server.claimed;
    },
    settle: async ({ id }: ClaimCall, answer: string, windowMs: number) => {
      server.calls.push(['settle', id, answer, windowMs]);
      if (!server.isUp) throw new BrokerError('unavailable', 'away');
      return server.isHeld;
    },
    unclaim: async ({ id }: ClaimCall) => void server.calls.push(['unclaim', id]),
    bury: async (_: string, node: string, id: string) => void server.calls.push(['bury', node, id]),
    look: async () => server.found,
    forget: async (_: readonly string[], forMs: number) => void server.calls.push(['forget', forMs]),
    keep: async (keys: readonly string[]) => void server.calls.push(['keep', ...keys]),
    watch: async (_: string, onEnd: (end?: ClaimEnd) => void) => void server.watchers.add(onEnd),
    unwatch: (_: string, onEnd: (end?: ClaimEnd) => void) => void server.watchers.delete(onEnd),
  };
  const nodes = { id: 'here', hasEnded: async (node: string) => server.ended.has(node) };
  const claims = new Claims(nodes, store, environment, WINDOW_MS);
  return { claims, environment, server };
}

test.each([
  ['of unknown age within the window after the loss', {}, WINDOW_MS],
  ['of a known age if it is older than the loss', { ageMs: 499.5 }, 10_500],
])('an action %s may have been lost by the server', async (_, options, expected) => {
  const { claims, server } = create();
  server.claimed = { outcome: 'lost' };
  expect(await claims.claim('key', 'f', { again: true, ...options })).toEqual({ outcome: 'lost' });
  expect(await claims.claim('key', 'f', options)).toEqual({ outcome: 'lost' });
  expect(server.calls).toEqual([
    ['claim', 600_000, expected],
    ['claim', 600_000, undefined],
  ]);
});

describe('an answer', () => {
  test('that the server does not get until the end of its window is rejected then', async () => {
    const { claims, environment, server } = create();
    await claims.claim('key', 'f');
    server.isUp = false;
    let failure: unknown;
    claims.settle('key', 'answer', WINDOW_MS).catch((error: unknown) => (failure = error));
    await environment.advance(WINDOW_MS - 1);
    expect(failure).toBeUndefined();
    await environment.advance(1);
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect([claims.size, environment.timers]).toEqual([0, 0]);
  });

  test('reaches a server that is back, and is not sent for keys whose server is still away', async () => {
    const { claims, environment, server } = create();
    await claims.claim('key', 'f');
    server.isUp = false;
    const settled = claims.settle('key', 'answer', 0.5);
    server.isUp = true;
    claims.onUp(() => false);
    expect(server.calls).toHaveLength(1);
    claims.onUp((key) => key === 'key');
    await settled;
    expect(server.calls.at(-1)).toEqual(['settle', '1', 'answer', 1]);
    expect([claims.size, environment.timers]).toEqual([0, 0]);
  });

  test('of a claim that the node does not hold is rejected', async () => {
    const { claims, server } = create();
    await expect(claims.settle('key', 'answer', 1_000)).rejects.toMatchObject({ code: 'not_held' });
    await claims.claim('key', 'f');
    server.isHeld = false;
    await expect(claims.settle('key', 'answer', 1_000)).rejects.toMatchObject({ code: 'not_held' });
  });
});

test('a claim whose reply is lost is given back, because its caller will not run the action', async () => {
  const { claims, environment, server } = create();
  server.claimed = new BrokerError('unavailable', 'away');
  await expect(claims.claim('key', 'f')).rejects.toMatchObject({ code: 'unavailable' });
  server.claimed = new BrokerError('full', 'no room');
  await expect(claims.claim('key', 'f')).rejects.toMatchObject({ code: 'full' });
  await environment.settle();
  expect(server.calls.slice(1)).toEqual([
    ['unclaim', '1'],
    ['claim', 600_000, undefined],
  ]);
  expect([claims.size, environment.timers]).toEqual([0, 0]);
});

describe('a caller that waits for the answer of another node', () => {
  async function wait() {
    const created = create();
    created.server.claimed = { outcome: 'running', node: 'there', id: '5' };
    created.server.found = created.server.claimed;
    const claim = await created.claims.claim('key', 'f');
    if (claim.outcome !== 'running') throw new Error(claim.outcome);
    let end: unknown;
    claim.answer.then(
      (answer) => (end = answer),
      (error: BrokerError) => (end = error.code),
    );
    await created.environment.settle();
    return { ...created, ended: () => end };
  }

  test('gets it from a message, or looks for it', async () => {
    const [told, looking] = [await wait(), await wait()];
    for (const onEnd of told.server.watchers) onEnd({ answer: '1' });
    looking.server.found = { outcome: 'settled', answer: '2' };
    for (const onEnd of looking.server.watchers) onEnd();
    await looking.environment.settle();
    expect([told.ended(), looking.ended()]).toEqual(['1', '2']);
    for (const { claims, environment, server } of [told, looking]) {
      expect([claims.size, environment.timers, server.watchers.size]).toEqual([0, 0, 0]);
    }
  });

  test('learns within a second that the other node has ended, and declares the claim lost', async () => {
    const { ended, environment, server } = await wait();
    server.ended.add('there');
    await environment.advance(1_000);
    expect([ended(), server.calls.at(-1)]).toEqual(['unclaimed', ['bury', 'there', '5']]);
  });

  test('learns that the claim was given back, and that the broker ends', async () => {
    const [unclaimed, disposed] = [await wait(), await wait()];
    unclaimed.server.found = undefined;
    unclaimed.claims.onUp(() => true);
    disposed.claims.dispose();
    await unclaimed.environment.settle();
    await disposed.environment.settle();
    expect([unclaimed.ended(), disposed.ended()]).toEqual(['unclaimed', 'disposed']);
    expect(disposed.environment.timers).toBe(0);
  });
});

test('running claims are renewed from time to time, and are lost when their node ends', async () => {
  const { claims, environment, server } = create();
  await claims.claim('key', 'f');
  await claims.renew();
  await environment.advance(WINDOW_MS);
  await claims.renew();
  await claims.leave();
  expect(server.calls.slice(1)).toEqual([
    ['keep', 'key'],
    ['bury', 'here', '1'],
  ]);
});

test('the state of a claim is read from a list, and an unknown state is no claim', () => {
  expect(storedClaimOf(['running', 'there', '5'])).toEqual({ outcome: 'running', node: 'there', id: '5' });
  expect(storedClaimOf(['settled', '1'])).toEqual({ outcome: 'settled', answer: '1' });
  expect([storedClaimOf(['unknown']), storedClaimOf(null)]).toEqual([undefined, undefined]);
});
