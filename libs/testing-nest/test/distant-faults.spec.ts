import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { topicLease, type Lease, type NewPublication, type TopicMessage } from '@statewire/nest';
import { VirtualEnvironment, type VirtualProcess } from '@statewire/testing';

import { DistantBroker, type DistantNode } from '../src/index.js';

const HISTORY = { count: 100, bytes: 1_000_000, ageMs: 600_000 };
const WINDOW_MS = 60_000;

let environment: VirtualEnvironment;
let cluster: DistantBroker;
let processes: VirtualProcess[];
let here: DistantNode;
let there: DistantNode;
let ids = 0;

function state(value: unknown, base?: NewPublication): NewPublication {
  const delta = JSON.stringify(`to ${ids}`);
  return {
    kind: 'state',
    id: `p${ids++}`,
    data: JSON.stringify(value),
    value: value as never,
    ...(base && { patch: { base: base.id, delta } }),
  };
}

function event(value: unknown): NewPublication {
  return { kind: 'events', id: `p${ids++}`, data: JSON.stringify(value) };
}

/** Lets time pass until the work settles. @returns its result, or its error. */
async function outcome<T>(work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  work.then(settle, settle);
  await environment.until(() => isSettled, 600_000);
  return work;
}

/** Listens on a node. Each entry has the time at which it was received. */
async function record(node: DistantNode, topic: string): Promise<string[]> {
  const heard: string[] = [];
  await outcome(node.listen(topic, (message) => heard.push(`${environment.monotonic()} ${textOf(message)}`)));
  return heard;
}

function textOf(message: TopicMessage): string {
  if (message.type === 'publication') return `${message.publication.offset}`;
  return message.type === 'resumed' ? `resumed ${message.position.offset} ${message.id}` : message.type;
}

beforeEach(async () => {
  environment = new VirtualEnvironment();
  cluster = new DistantBroker({ environment: environment.fork(), latency: 10, maxWaiting: 100 });
  processes = [environment.fork(), environment.fork()];
  [here, there] = processes.map((process) =>
    cluster.connect({
      environment: process,
      history: HISTORY,
      actionWindowMs: WINDOW_MS,
      log: { error: (_event, error) => expect(error).toBeUndefined() },
    }),
  ) as [DistantNode, DistantNode];
});

afterEach(() => cluster.dispose());

describe('a distant broker', () => {
  test('answers after a round trip, and tells other nodes after one way more', async () => {
    const heard = await record(there, 'log');
    const start = environment.monotonic();
    let ownAt = 0;
    await outcome(here.listen('log', () => (ownAt = environment.monotonic())));
    const sentAt = environment.monotonic();
    expect(sentAt - start).toBe(20);
    await outcome(here.publish('log', event(1)));
    expect(environment.monotonic() - sentAt).toBe(20);
    expect(ownAt - sentAt).toBe(20);
    expect(heard).toEqual([`${sentAt + 20} 1`]);
  });

  test('keeps the order of messages when the latency falls', async () => {
    const heard = await record(there, 'log');
    const start = environment.monotonic();
    here.link.latency(500);
    const slow = here.publish('log', event(1));
    here.link.latency(10);
    const fast = here.publish('log', event(2));
    expect((await outcome(fast)).offset).toBe(2);
    expect((await outcome(slow)).offset).toBe(1);
    expect(heard).toEqual([`${start + 510} 1`, `${start + 510} 2`]);
  });

  test('sends the delta alone, and reads begin at an earlier value', async () => {
    const messages: TopicMessage[] = [];
    await outcome(there.listen('lobby', (message) => messages.push(message)));
    const first = state('first');
    const second = state('second', first);
    await outcome(here.publish('lobby', first));
    await outcome(here.publish('lobby', second));
    const [whole, delta] = messages.map((message) =>
      message.type === 'publication' ? message.publication : undefined,
    );
    expect(whole).toMatchObject({ data: '"first"', previous: '' });
    expect(whole).not.toHaveProperty('value');
    expect(delta).toMatchObject({ delta: second.patch!.delta, previous: first.id });
    expect(delta).not.toHaveProperty('data');
    expect(delta).not.toHaveProperty('value');
    expect(await outcome(there.read('lobby', 'state'))).toMatchObject({
      offset: 2,
      base: { offset: 1, data: '"first"' },
      publications: [{ offset: 2, delta: second.patch!.delta }],
    });
  });

  test('loses one message that nobody notices', async () => {
    const heard = [await record(here, 'log'), await record(there, 'log')];
    await outcome(here.publish('log', event(1)));
    await environment.advance(100);
    there.link.loseMessage();
    for (let n = 2; n <= 3; n++) await outcome(here.publish('log', event(n)));
    await environment.advance(100);
    expect(heard.map((lines) => lines.map((line) => line.split(' ')[1]))).toEqual([
      ['1', '2', '3'],
      ['1', '3'],
    ]);
  });

  test('sends a call again whose reply was lost, after the listeners have learned of it', async () => {
    const heard = await record(here, 'log');
    const start = environment.monotonic();
    here.link.loseReply();
    const publication = event(1);
    expect((await outcome(here.publish('log', publication))).offset).toBe(1);
    expect(heard).toEqual([`${start + 10} interrupted`, `${start + 30} resumed 1 ${publication.id}`]);
    expect((await outcome(there.read('log', 'events'))).offset).toBe(1);
  });

  test('loses what is under way when the link is cut, and sends the calls again', async () => {
    const publishing = [1, 2, 3].map((n) => here.publish('log', event(n)));
    await environment.advance(5);
    here.link.cut();
    expect((await Promise.all(publishing.map(outcome))).map(({ offset }) => offset)).toEqual([1, 2, 3]);
  });
});

describe('a frozen link', () => {
  test('delays calls, and nobody notices within 3 s', async () => {
    const heard = await record(here, 'log');
    const start = environment.monotonic();
    here.link.freeze(2_500);
    await outcome(here.publish('log', event(1)));
    expect(heard).toEqual([`${start + 2_510} 1`]);
    expect(here.status.value).toEqual({ state: 'up' });
  });

  test('is given up after 3 s, and what was sent before still takes effect once', async () => {
    const heard = await record(here, 'log');
    const start = environment.monotonic();
    here.link.freeze(4_500);
    const publishing = [1, 2].map((n) => here.publish('log', event(n)));
    await environment.advance(3_100);
    expect(here.status.value).toMatchObject({ state: 'away' });
    const waiting = here.publish('log', event(3));
    const late = await outcome(there.publish('log', event('of another node')));
    expect(late.offset).toBe(1);
    const published = await Promise.all([...publishing, waiting].map(outcome));
    expect(published.map(({ offset }) => offset)).toEqual([2, 3, 4]);
    expect(heard.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      `${start + 3_000} interrupted`,
      `${start + 4_510} resumed`,
      `${start + 4_530} 4`,
    ]);
    expect((await outcome(there.read('log', 'events'))).offset).toBe(4);
  });

  test('takes the lease of a node, whose process may not know', async () => {
    const lease = await outcome(here.lease(topicLease('lobby')));
    const next = there.lease(topicLease('lobby'), { signal: new AbortController().signal });
    processes[0]!.suspend(30_000);
    const taken = await outcome(next);
    expect(environment.monotonic()).toBeLessThan(8_000);
    expect(taken!.token).toBeGreaterThan(lease!.token);
    const stale = here.publish('lobby', state('stale'), { fence: lease!.token });
    await outcome(there.publish('lobby', state('mine'), { fence: taken!.token }));
    await expect(outcome(stale)).rejects.toMatchObject({ code: 'fenced' });
    let isLost = false;
    void lease!.lost.then(() => (isLost = true));
    await environment.until(() => isLost);
    expect(environment.monotonic()).toBeGreaterThanOrEqual(30_000);
  });
});

describe('a node without a link', () => {
  test('keeps a publication with conditions, and replaces others by the newest', async () => {
    const { epoch } = await outcome(here.read('lobby', 'state'));
    here.link.unreachable();
    const publishing = [
      here.publish('lobby', state('loaded'), { only: { epoch, offset: 0 } }),
      here.publish('lobby', state('replaced')),
      here.publish('lobby', state('newest')),
      here.publish('lobby', state('first'), { startsEpoch: true }),
      here.publish('lobby', state('replaced, too')),
      here.publish('lobby', state('last')),
    ];
    here.link.restore();
    const positions = await Promise.all(publishing.map(outcome));
    expect(positions.map(({ offset }) => offset)).toEqual([1, 2, 2, 1, 2, 2]);
    expect(positions[3]!.epoch).not.toBe(epoch);
  });

  test('rejects more than it can keep', async () => {
    here.link.unreachable();
    const waiting = Array.from({ length: 100 }, () => here.publish('log', event(1)).catch(() => undefined));
    await expect(outcome(here.publish('log', event(2)))).rejects.toMatchObject({ code: 'unavailable' });
    expect(environment.monotonic()).toBe(0);
    await Promise.all(waiting.map(outcome));
    expect(environment.monotonic()).toBe(5_000);
    const large = here.publish('lobby', state('x'.repeat(16_777_216)));
    await expect(outcome(large)).rejects.toMatchObject({ code: 'unavailable' });
    expect(environment.monotonic()).toBe(5_000);
  });

  test('keeps a lease over a short outage', async () => {
    const lease = await outcome(here.lease('arena'));
    let isLost = false;
    void lease!.lost.then(() => (isLost = true));
    here.link.unreachable();
    await environment.advance(2_500);
    here.link.restore();
    await environment.advance(30_000);
    expect(isLost).toBe(false);
    expect(await outcome(there.lease('arena'))).toBeUndefined();
  });

  test('may wait for a lease, and gets it when it is back', async () => {
    const held = await outcome(there.lease('arena'));
    let lease: Lease | undefined;
    void here.lease('arena', { signal: new AbortController().signal }).then((granted) => (lease = granted));
    await environment.advance(100);
    here.link.unreachable();
    await outcome(held!.release());
    // The server grants the lease to the node that does not hear of it, and takes it back.
    await environment.advance(10_000);
    expect(lease).toBeUndefined();
    here.link.restore();
    await environment.until(() => lease !== undefined);
    expect(await outcome(there.lease('arena'))).toBeUndefined();
    await environment.advance(30_000);
    expect(await outcome(there.lease('arena'))).toBeUndefined();
  });
});

describe('a server that loses data', () => {
  test('gives offsets out again while a node is cut off, and the node can tell', async () => {
    const heard = await record(here, 'lobby');
    const values = [state(1)];
    for (let n = 2; n <= 5; n++) values.push(state(n, values.at(-1)));
    for (const value of values) await outcome(there.publish('lobby', value));
    const before = await outcome(here.read('lobby', 'state', { above: 0 }));
    here.link.unreachable();
    await cluster.rollBack('lobby', 3);
    const again = [6, 7, 8, 9, 10].map((n) => state(n));
    for (const value of again) await outcome(there.publish('lobby', value));
    here.link.restore();
    await environment.advance(100);
    expect(heard.at(-1)).toMatch(new RegExp(`resumed 8 ${again[4]!.id}$`));
    const after = await outcome(here.read('lobby', 'state', { above: 5 }));
    expect(after).toMatchObject({ epoch: before.epoch, offset: 8, idAbove: again[1]!.id });
    const kept = await outcome(here.read('lobby', 'state', { above: 0 }));
    expect(kept.publications.slice(0, 3)).toEqual(before.publications.slice(0, 3));
  });

  test('keeps the lease of a topic that it sets back', async () => {
    const lease = await outcome(here.lease(topicLease('lobby')));
    const fence = lease!.token;
    for (let n = 1; n <= 3; n++) await outcome(here.publish('lobby', state(n), { fence }));
    await cluster.rollBack('lobby', 1);
    expect((await outcome(here.publish('lobby', state('next'), { fence }))).offset).toBe(2);
    await expect(outcome(there.publish('lobby', state('unfenced')))).rejects.toMatchObject({ code: 'fenced' });
  });

  test('stores a publication again that it lost before the publisher had the reply', async () => {
    await outcome(there.publish('log', event(0)));
    const publishing = here.publish('log', event(1));
    await environment.advance(15);
    here.link.unreachable();
    await cluster.rollBack('log', 1);
    await outcome(there.publish('log', event(2)));
    here.link.restore();
    expect((await outcome(publishing)).offset).toBe(3);
  });

  test('cannot go back to an offset that a topic never had', async () => {
    await outcome(here.publish('log', event(1)));
    await expect(cluster.rollBack('log', 2)).rejects.toThrow('has not been at offset 2');
    await expect(cluster.rollBack('nowhere', 0)).rejects.toThrow('has not been at offset 0');
  });

  test('starts new epochs after a flush, and nodes bring their members back', async () => {
    const heard = await record(here, 'lobby');
    const { epoch } = await outcome(here.publish('lobby', state(1)));
    await outcome(here.join('lobby', { id: 'a', info: null }));
    const lease = await outcome(here.lease('arena'));
    let isLost = false;
    void lease!.lost.then(() => (isLost = true));
    await outcome(here.claim('ran', 'f'));
    await outcome(here.settle('ran', 'answer', WINDOW_MS));
    await outcome(here.claim('runs', 'f'));
    cluster.flush();
    await environment.advance(100);
    expect(heard.at(-1)).toMatch(/resumed 0 $/);
    expect((await outcome(there.read('lobby', 'state'))).epoch).not.toBe(epoch);
    expect(await outcome(there.members('lobby'))).toEqual([{ id: 'a', info: null }]);
    expect(isLost).toBe(true);
    expect((await outcome(there.lease('arena')))!.token).toBeGreaterThan(lease!.token);
    expect(await outcome(there.claim('ran', 'f', { again: true }))).toEqual({ outcome: 'lost' });
    expect(await outcome(there.claim('new', 'f'))).toEqual({ outcome: 'claimed' });
    await expect(outcome(here.settle('runs', 'answer', WINDOW_MS))).rejects.toMatchObject({ code: 'not_held' });
    await environment.advance(WINDOW_MS);
    expect(await outcome(there.claim('ran', 'f', { again: true }))).toEqual({ outcome: 'claimed' });
  });
});

describe('a node that ends', () => {
  test('is noticed by its silence, although nobody says that it ended', async () => {
    await outcome(here.join('lobby', { id: 'a', info: null }));
    await outcome(here.lease('arena'));
    await outcome(here.claim('k', 'f'));
    processes[0]!.kill();
    await environment.advance(5_000);
    expect(await outcome(there.lease('arena'))).toBeUndefined();
    await environment.advance(1_500);
    expect(await outcome(there.lease('arena'))).toBeDefined();
    expect(await outcome(there.members('lobby'))).toHaveLength(1);
    await environment.advance(10_000);
    expect(await outcome(there.members('lobby'))).toEqual([]);
    expect(await outcome(there.claim('k', 'f'))).toEqual({ outcome: 'lost' });
  });

  test('leaves its calls without an answer when it crashes', async () => {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    here.publish('log', event(1)).then(settle, settle);
    await environment.advance(5);
    cluster.crash(here);
    await environment.advance(60_000);
    expect(isSettled).toBe(false);
    expect((await outcome(there.read('log', 'events'))).offset).toBe(1);
  });

  test('rejects its calls when it is disposed of, also out of reach of the server', async () => {
    here.link.unreachable();
    const publishing = here.publish('lobby', state(1));
    publishing.catch(() => undefined);
    await outcome(here.dispose());
    await expect(outcome(publishing)).rejects.toMatchObject({ code: 'disposed' });
    expect(processes[0]!.timers).toBe(0);
  });
});
