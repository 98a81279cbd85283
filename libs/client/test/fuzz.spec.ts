import { describe, expect, test } from '@jest/globals';
import { parseServerFrame, type ServerFrame } from '@statewire/protocol';
import fc from 'fast-check';

import type { TopicState } from '../src/index.js';
import { battle, battleAt, notices, pause, setUp, type Battle, type Setup } from './support/bench.js';
import { garbage, textOf } from './support/server-messages.js';

const full = process.env.STATEWIRE_TEST_TIER === 'full';

const FRESHNESS = ['live', 'catching-up', 'stale'];

interface Follower {
  readonly states: TopicState<Battle>[];
  readonly failures: unknown[];
}

function follow({ client, server }: Setup): Follower {
  const follower: Follower = { states: [], failures: [] };
  server.declare(notices);
  client.topic(battle).subscribe({
    next: (state) => follower.states.push(state),
    error: (error) => follower.failures.push(error),
  });
  client.deliveries(notices).subscribe({ error: (error) => follower.failures.push(error) });
  return follower;
}

/** Frames that end a topic permanently. Their effects are no faults. */
function isFinal(text: string): boolean {
  let frame: ServerFrame | undefined;
  try {
    frame = parseServerFrame(text);
  } catch {
    return false;
  }
  if (frame?.type === 'subscribed') return frame.kind !== (frame.topic === battle.name ? 'state' : 'events');
  if (frame?.type === 'error') return !frame.temporary || (frame.retryAfter ?? 0) > 1_000;
  return frame?.type === 'unsubscribed';
}

/** Sends a new epoch, which every client receives: a resync that no corrupt frame can imitate. */
async function resync({ environment, server }: Setup, tick: number): Promise<void> {
  server.http('pass');
  server.upgrades('pass');
  for (let epochs = 0; epochs < 3; epochs++) server.renew(battle);
  server.publish(battle, battleAt(tick));
  server.cut();
  await environment.advance(40_000);
}

function expectEqual({ client, server }: Setup, { states, failures }: Follower): void {
  expect(failures).toEqual([]);
  for (const { freshness, error } of states) {
    expect(FRESHNESS).toContain(freshness.state);
    // A damaged frame can look like a temporary error of the topic. A later answer removes it.
    expect(error === undefined || error.temporary).toBe(true);
  }
  expect(client.status.state).toBe('live');
  expect(states.at(-1)?.error).toBeUndefined();
  expect(states.at(-1)).toMatchObject({
    value: server.value(battle),
    position: server.position(battle),
    freshness: { state: 'live' },
  });
}

describe('F1: damaged data from a server or proxy', () => {
  test('F1: mutated frames cause no exception, and after a resync the client has the current values', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 8 }), async (recipes) => {
        const setup = setUp();
        const { environment, server, client } = setup;
        server.publish(battle, battleAt(1));
        const follower = follow(setup);
        await environment.advance(500);
        for (const [index, recipe] of recipes.entries()) {
          const { epoch, offset } = server.position(battle);
          const text = textOf(recipe, epoch, offset);
          if (!isFinal(text)) server.connections[0]?.sendRaw(text);
          await environment.advance(100);
          server.publish(battle, battleAt(2 + index));
          await environment.advance(2_000);
        }
        await resync(setup, 70);
        expectEqual(setup, follower);
        client.close();
      }),
      { numRuns: full ? 1500 : 50 },
    );
  });

  test('F1: truncated frames need no resync', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 5 }), async (recipes) => {
        const setup = setUp();
        const { environment, server, client } = setup;
        server.publish(battle, battleAt(1));
        const follower = follow(setup);
        await environment.advance(500);
        for (const [index, recipe] of recipes.entries()) {
          const { epoch, offset } = server.position(battle);
          server.connections[0]?.sendRaw(textOf({ ...recipe, how: 'cut' }, epoch, offset));
          server.publish(battle, battleAt(2 + index));
          await environment.advance(500);
        }
        await environment.advance(40_000);
        expectEqual(setup, follower);
        for (const { value } of follower.states) {
          if (value !== undefined) expect(value).toEqual(battleAt(value.tick));
        }
        client.close();
      }),
      { numRuns: full ? 800 : 30 },
    );
  });

  test('F1: mutated answers of a poll cause no exception, and after a resync the client has the current values', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(garbage, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(200, 200, 200, 204, 302, 404, 500),
        fc.boolean(),
        async (recipes, status, wrapped) => {
          const setup = setUp();
          const { environment, server, client } = setup;
          server.upgrades('reject');
          server.publish(battle, battleAt(1));
          const follower = follow(setup);
          await environment.advance(3_000);
          expect(client.status.state).toBe('polling');
          for (const recipe of recipes) {
            const { epoch, offset } = server.position(battle);
            const text = textOf(recipe, epoch, offset);
            const body = wrapped ? `{"frames":[${text}],"websocket":false,"serverTime":1}` : text;
            if (!isFinal(text)) server.http({ status, body });
            await environment.advance(2_500);
          }
          await resync(setup, 70);
          expectEqual(setup, follower);
          client.close();
        },
      ),
      { numRuns: full ? 800 : 30 },
    );
  });

  test('F1: an action with a damaged answer ends with an answer or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(garbage, fc.constantFrom(200, 400, 500), async (recipe, status) => {
        const setup = setUp();
        const { environment, server, client } = setup;
        server.upgrades('reject');
        server.handle(pause.name, () => ({ paused: true }));
        await environment.advance(100);
        client.connect();
        await environment.advance(3_000);
        server.http({ status, body: textOf(recipe, 'e', 1) });
        const outcomes: unknown[] = [];
        client.act(pause, { battleId: '1' }).subscribe({
          next: (result) => outcomes.push(result),
          error: ({ code }: { code: unknown }) => outcomes.push(code),
        });
        await environment.advance(5_000);
        server.http('pass');
        await environment.advance(130_000);
        expect(outcomes).toHaveLength(1);
        client.close();
      }),
      { numRuns: full ? 400 : 20 },
    );
  });
});
