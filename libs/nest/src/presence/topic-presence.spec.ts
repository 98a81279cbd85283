import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import type { Json } from '@statewire/protocol';

import { MemoryBroker } from '../broker/memory/memory-broker.js';
import { BrokerError } from '../core/broker.js';
import type { CallerContext } from '../core/realtime-request.js';
import { Counters } from '../core/counters.js';
import { Gate } from '../../test/support/connection-rig.js';
import { readPresenceMember } from './member-list.js';
import { TopicPresence } from './topic-presence.js';

const TOPIC = 'battles/42';
const GRACE = 10_000;

function client(clientId: string, user?: string): CallerContext {
  return {
    headers: {},
    cookies: {},
    ip: '203.0.113.7',
    admission: 'hello',
    clientId,
    identity: user === undefined ? undefined : { id: user, user },
  };
}

interface SetUpOptions {
  readonly describe?: (caller: CallerContext) => Promise<Json | undefined>;
}

function setUp({ describe: describeCaller = ({ identity }) => Promise.resolve(identity?.id) }: SetUpOptions = {}) {
  const environment = new VirtualEnvironment();
  const errors: string[] = [];
  const log = { error: (event: string) => void errors.push(event) };
  const broker = new MemoryBroker({ environment, log, history: { count: 10, bytes: 10_000, ageMs: 60_000 } });
  const calls: string[] = [];
  let failing = 0;
  const counted = new Proxy(broker, {
    get(target, name, receiver) {
      if (name !== 'join' && name !== 'leave') return Reflect.get(target, name, receiver) as unknown;
      return async (topic: string, ...rest: never[]) => {
        calls.push(name);
        if (failing > 0) {
          failing -= 1;
          throw new Error('connection reset');
        }
        return (target[name] as (...values: unknown[]) => Promise<void>)(topic, ...rest);
      };
    },
  });
  const count = { clients: 0 };
  const counters = new Counters();
  const state: { notified: number; emptied: number; notifyError?: Error | undefined } = { notified: 0, emptied: 0 };
  const presence = new TopicPresence({
    topic: TOPIC,
    broker: counted,
    environment,
    log,
    interval: 250,
    describe: describeCaller,
    notify: async () => {
      state.notified += 1;
      if (state.notifyError) throw state.notifyError;
    },
    count,
    counters,
    onEmpty: () => void (state.emptied += 1),
  });
  /** The data of each present member, `-` for none. */
  const present = async (): Promise<string> => {
    await environment.settle();
    const members = await broker.members(TOPIC);
    return members.map((member) => JSON.stringify(readPresenceMember(member)?.info ?? '-')).join(' ');
  };
  const enter = (caller: CallerContext) => presence.enter(caller, GRACE);
  const fail = (times: number) => void (failing = times);
  return { presence, broker, calls, count, counters, enter, environment, errors, fail, present, state };
}

describe('TopicPresence', () => {
  test('does not report again when the node that computes the presence topic has died', async () => {
    const { calls, enter, environment, errors, state } = setUp();
    state.notifyError = new BrokerError('no_answer', 'No answer.');
    enter(client('a')).end();
    enter(client('b'));
    await environment.advance(60_000);
    expect(calls).toEqual(['join']);
    expect([state.notified, errors]).toEqual([1, []]);
  });

  test('repeats only the notification when the broker cannot deliver it, and is empty after that', async () => {
    const { calls, enter, environment, errors, state } = setUp();
    const handle = enter(client('a'));
    await environment.advance(1_000);
    state.notifyError = new BrokerError('unavailable', 'Out of reach.');
    handle.end();
    await environment.advance(3_500);
    expect([state.notified, state.emptied, errors.length]).toEqual([5, 0, 4]);
    state.notifyError = undefined;
    await environment.advance(60_000);
    expect(calls).toEqual(['join', 'leave']);
    expect([state.notified, state.emptied]).toEqual([6, 1]);
  });

  test('counts joins, and leaves by cause, once for each client', async () => {
    const { counters, enter, environment } = setUp();
    const stays = ['a', 'b', 'c'].map((id) => enter(client(id)));
    enter(client('a')).leave();
    stays[0]!.end();
    stays[0]!.leave();
    stays[1]!.leave();
    stays[2]!.leave();
    enter(client('c', 'carol'));
    await environment.advance(GRACE - 1);
    expect(counters.presenceJoins).toBe(4);
    expect(counters.presenceLeaves.toRecord()).toEqual({ unsubscribed: 1, identity: 1 });
    await environment.advance(1);
    expect(counters.presenceLeaves.toRecord()).toEqual({ unsubscribed: 1, identity: 1, lost: 1 });
  });

  test('a client that returns within the grace period never left', async () => {
    const { calls, enter, environment, present, count } = setUp();
    const first = enter(client('a', 'ann'));
    expect(await present()).toBe('"ann"');
    first.leave();
    await environment.advance(GRACE - 1);
    const second = enter(client('a', 'ann'));
    await environment.advance(GRACE);
    expect(await present()).toBe('"ann"');
    expect(calls).toEqual(['join']);
    second.leave();
    await environment.advance(GRACE - 1);
    expect(await present()).toBe('"ann"');
    await environment.advance(1);
    expect(await present()).toBe('');
    expect(calls).toEqual(['join', 'leave']);
    expect(count.clients).toBe(0);
  });

  test('a shorter grace of one transport takes nothing from a longer one of another', async () => {
    const { presence, enter, environment, present } = setUp();
    const socket = enter(client('a', 'ann'));
    presence.enter(client('a', 'ann'), 3 * GRACE).leave();
    socket.leave();
    await environment.advance(3 * GRACE - 1);
    expect(await present()).toBe('"ann"');
    await environment.advance(1);
    expect(await present()).toBe('');
  });

  test('a client over two transports counts once, until the grace after the last of them', async () => {
    const { enter, environment, present } = setUp();
    const polling = enter(client('a'));
    const socket = enter(client('a'));
    expect(await present()).toBe('"-"');
    polling.leave();
    await environment.advance(2 * GRACE);
    expect(await present()).toBe('"-"');
    socket.leave();
    await environment.advance(GRACE);
    expect(await present()).toBe('');
  });

  test('a user with several clients is one member, and is there as long as one of them is', async () => {
    const { enter, environment, present } = setUp();
    const tabs = ['a', 'b', 'c'].map((id) => enter(client(id, 'ann')));
    enter(client('d', 'ben'));
    enter(client('e'));
    expect(await present()).toBe('"ann"');
    await environment.advance(250);
    expect(await present()).toBe('"ann" "ben" "-"');
    tabs[0]!.leave();
    tabs[1]!.end();
    await environment.advance(GRACE + 250);
    expect(await present()).toBe('"ann" "ben" "-"');
    tabs[2]!.end();
    await environment.advance(250);
    expect(await present()).toBe('"ben" "-"');
  });

  test('a client that unsubscribes leaves at once, on any transport', async () => {
    const { enter, environment, present } = setUp();
    enter(client('a')).leave();
    const socket = enter(client('a'));
    const other = enter(client('a'));
    expect(await present()).toBe('"-"');
    socket.end();
    await environment.advance(250);
    expect(await present()).toBe('');
    other.leave();
    other.end();
    await environment.advance(GRACE);
    expect(await present()).toBe('');
    expect(environment.timers).toBe(0);
  });

  test('a client that signs in becomes the user and is not counted twice', async () => {
    const { enter, environment, present } = setUp();
    const before = enter(client('a'));
    expect(await present()).toBe('"-"');
    before.leave();
    enter(client('a', 'ann'));
    await environment.advance(250);
    expect(await present()).toBe('"ann"');
  });

  test('a client that signs in while its old connection is silent is the user at once', async () => {
    const { count, enter, environment, present } = setUp();
    const silent = enter(client('a'));
    const other = enter(client('b'));
    expect(await present()).toBe('"-"');
    const ann = enter(client('a', 'ann'));
    await environment.advance(250);
    expect(await present()).toBe('"-" "ann"');
    expect(count.clients).toBe(2);
    silent.leave();
    other.end();
    await environment.advance(GRACE + 250);
    expect(await present()).toBe('"ann"');
    ann.end();
    await environment.advance(250);
    expect([await present(), count.clients]).toEqual(['', 0]);
  });

  test('users with the same client id count separately', async () => {
    const { count, enter, environment, present } = setUp();
    const ann = enter(client('a', 'ann'));
    const ben = enter(client('a', 'ben'));
    await environment.advance(250);
    expect(await present()).toBe('"ann" "ben"');
    expect(count.clients).toBe(2);
    ben.end();
    await environment.advance(250);
    expect(await present()).toBe('"ann"');
    ann.leave();
    await environment.advance(GRACE - 1);
    expect(await present()).toBe('"ann"');
    await environment.advance(251);
    expect(await present()).toBe('');
    expect(environment.timers).toBe(0);
  });

  test('a returning client does not replace a user that signs in beside it', async () => {
    const { enter, environment, present } = setUp();
    enter(client('a', 'ann')).leave();
    const back = enter(client('a', 'ann'));
    enter(client('a', 'ben'));
    await environment.advance(250);
    expect(await present()).toBe('"ann" "ben"');
    back.end();
    await environment.advance(250);
    expect(await present()).toBe('"ben"');
  });

  test('the data of a user is that of the newest client', async () => {
    let name = 'Ann';
    const { calls, enter, environment, present } = setUp({ describe: () => Promise.resolve({ name }) });
    enter(client('a', 'ann'));
    await environment.settle();
    name = 'Anna';
    enter(client('b', 'ann'));
    enter(client('c', 'ann'));
    await environment.advance(250);
    expect(await present()).toBe('{"name":"Anna"}');
    expect(calls).toEqual(['join', 'join']);
  });

  test('a member is published only with its data', async () => {
    const gate = new Gate<string>();
    const { calls, enter, environment, present, state } = setUp({ describe: () => gate.opened });
    enter(client('a', 'ann'));
    enter(client('b', 'ben')).end();
    await environment.advance(1_000);
    expect(calls).toEqual([]);
    gate.open('somebody');
    await environment.advance(1_000);
    expect(await present()).toBe('"somebody"');
    expect(calls).toEqual(['join']);
    expect(state.notified).toBe(1);
  });

  test('a client that subscribes and unsubscribes in a loop causes four reports a second at most', async () => {
    const { calls, enter, environment, state } = setUp();
    for (let round = 0; round < 1_000; round++) {
      const stay = enter(client('a'));
      await environment.advance(5);
      stay.end();
      await environment.advance(5);
    }
    await environment.advance(1_000);
    // 10 s with one report each 250 ms, each with at most one change.
    expect(state.notified).toBeLessThanOrEqual(41);
    expect(calls.length).toBeLessThanOrEqual(82);
    expect(state.emptied).toBeGreaterThan(0);
  });

  test('10,000 concurrent members cause one report after the first', async () => {
    const { broker, enter, environment, state } = setUp();
    for (let n = 0; n < 10_000; n++) enter(client(`client-${n}`));
    await environment.advance(250);
    expect(await broker.members(TOPIC)).toHaveLength(10_000);
    expect(state.notified).toBeLessThanOrEqual(2);
  });

  test('a failed write to the broker is retried until it succeeds', async () => {
    const { enter, environment, errors, fail, present, state } = setUp();
    fail(1);
    const stay = enter(client('a', 'ann'));
    expect(await present()).toBe('');
    expect(errors).toEqual(['presence-report-failed']);
    await environment.advance(1_000);
    expect(await present()).toBe('"ann"');
    fail(2);
    stay.end();
    await environment.advance(500);
    expect(await present()).toBe('"ann"');
    expect(state.emptied).toBe(0);
    await environment.advance(3_000);
    expect(await present()).toBe('');
    expect(state.emptied).toBe(1);
  });

  test('holds nothing after all members have left, or after its disposal', async () => {
    const { presence, broker, enter, environment, count, state } = setUp();
    for (let n = 0; n < 100; n++) {
      const stay = enter(client(`client-${n}`, n % 3 === 0 ? `user-${n % 10}` : undefined));
      if (n % 2 === 0) stay.end();
      else stay.leave();
    }
    await environment.advance(GRACE + 1_000);
    expect(count.clients).toBe(0);
    expect(broker.sizes.presence).toBe(0);
    expect(environment.timers).toBe(0);
    expect(state.emptied).toBeGreaterThan(0);
    enter(client('a')).leave();
    presence.dispose();
    expect(environment.timers).toBe(0);
  });
});
