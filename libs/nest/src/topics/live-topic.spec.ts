import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { idAt, liveAt, storedAt } from '../../test/support/publications.js';
import type { Broker, LivePublication, StoredPublication, TopicHistory, TopicMessage } from '../core/broker.js';
import { Gate } from '../../test/support/connection-rig.js';
import { LiveTopic } from './live-topic.js';
import { ReadLimit } from './read-limit.js';
import { EVENTS } from '../../test/support/topics-set-up.js';

type Read = Parameters<Broker['read']>[2];

/** Publications with these offsets. */
function publications(epoch: string, from: number, to: number): StoredPublication[] {
  return Array.from({ length: to - from + 1 }, (_, index) => storedAt(epoch, from + index));
}

/** A broker with this number of publications of an epoch. */
function history(epoch: string, offset: number, { above = offset, oldest = 1 } = {}): TopicHistory {
  return {
    ...{ epoch, offset, id: idAt(epoch, offset), oldest },
    ...(above + 1 < oldest ? {} : { idAbove: idAt(epoch, above) }),
    publications: publications(epoch, Math.max(above + 1, oldest), offset),
  };
}

/** A topic with a scripted broker and a subscriber that records its calls. */
function setUp({ count = 10_000 } = {}) {
  const environment = new VirtualEnvironment();
  const notes: string[] = [];
  const logged: string[] = [];
  const reads: Read[] = [];
  let listener: (message: TopicMessage) => void = () => undefined;
  const answers = {
    listening: Promise.resolve() as Promise<unknown>,
    /** The history of the broker. */
    has: history('a', 0),
    /** Ids of the broker that differ from those of {@link history}. */
    ids: {} as Pick<Partial<TopicHistory>, 'id' | 'idAbove'>,
    /** Awaited by each read. */
    reading: Promise.resolve() as Promise<unknown>,
    replaced: () => Promise.resolve({ epoch: 'b', offset: 0 }),
    unlistened: 0,
    replacements: [] as string[],
  };
  const broker: Pick<Broker, 'listen' | 'read' | 'replaceEpoch'> = {
    listen: async (_, tell) => {
      await answers.listening;
      listener = tell;
      return async () => void (answers.unlistened += 1);
    },
    read: async (_name, _kind, options) => {
      reads.push(options);
      await answers.reading;
      const { epoch, offset, oldest } = answers.has;
      const above = options?.above ?? offset;
      return { ...history(epoch, offset, { above, oldest }), ...(epoch === 'a' ? answers.ids : {}) };
    },
    replaceEpoch: async (_name, _kind, expected) => {
      answers.replacements.push(expected);
      return answers.replaced();
    },
  };
  const live = new LiveTopic({
    topic: EVENTS,
    broker: broker as Broker,
    environment,
    log: {
      warn: (event) => void logged.push(event),
      error: (event) => void logged.push(event),
    },
    history: { count, bytes: 0, ageMs: 0 },
    reads: new ReadLimit(),
    onEmptied: () => notes.push('emptied'),
    onClosed: () => notes.push('onClosed'),
  });
  const member = {
    appended: (_: unknown, { offset }: StoredPublication) => void notes.push(String(offset)),
    restarted: () => void notes.push(`restarted at ${live.timeline.position.epoch}:${live.timeline.position.offset}`),
    interrupted: () => void notes.push('interrupted'),
    resumed: () => void notes.push('resumed'),
    ended: (reason: string) => void notes.push(`ended: ${reason}`),
  };
  live.add(member, member);
  /** The calls since the last read. */
  const noted = async (): Promise<string[]> => {
    await environment.settle();
    return notes.splice(0);
  };
  const open = async (has: TopicHistory = history('a', 0)): Promise<void> => {
    answers.has = has;
    await live.open();
    reads.length = 0;
  };
  const tell = (message: TopicMessage): void => listener(message);
  const publish = (offset: number, epoch = 'a', content: Partial<LivePublication> = {}): void => {
    tell({ type: 'publication', publication: liveAt(epoch, offset, { data: `"${offset}"`, ...content }) });
  };
  const tellEpoch = (epoch: string): void => tell({ type: 'epoch', epoch });
  return { answers, environment, live, logged, noted, open, publish, reads, tell, tellEpoch };
}

describe('opening a topic', () => {
  test('has no timeline before open()', () => {
    const { live } = setUp();
    expect(() => live.timeline).toThrow('is not open');
  });

  test('applies publications that arrive during the read, once', async () => {
    const { answers, environment, live, noted, publish } = setUp();
    const gate = new Gate();
    answers.reading = gate.opened;
    answers.has = history('a', 3);
    const opening = live.open();
    await environment.settle();
    for (const offset of [2, 3, 4]) publish(offset);
    gate.open();
    await opening;
    expect(await noted()).toEqual(['4']);
  });

  test('stops listening and reads nothing if it was released before the broker confirmed', async () => {
    const { answers, live, reads } = setUp();
    const gate = new Gate();
    answers.listening = gate.opened;
    const opening = live.open();
    await live.release();
    expect(answers.unlistened).toBe(0);
    gate.open();
    await opening;
    expect(answers.unlistened).toBe(1);
    expect(reads).toEqual([]);
  });
});

describe('messages of the broker', () => {
  test('are applied in order, and repeated ones are ignored', async () => {
    const { noted, open, publish, reads } = setUp();
    await open(history('a', 2));
    for (const offset of [1, 2, 3, 3, 4]) publish(offset);
    expect(await noted()).toEqual(['3', '4']);
    expect(reads).toEqual([]);
  });

  test('with a hole cause one read, and no message during the read is lost or applied twice', async () => {
    const { answers, noted, open, publish, reads } = setUp();
    await open(history('a', 2));
    const gate = new Gate();
    answers.reading = gate.opened;
    answers.has = history('a', 5);
    for (const offset of [4, 5, 6, 7]) publish(offset);
    expect(await noted()).toEqual([]);
    gate.open();
    expect(await noted()).toEqual(['3', '4', '5', '6', '7']);
    expect(reads).toEqual([{ above: 2 }]);
  });

  test('have a bounded queue, and dropped ones are read later', async () => {
    for (const [waiting, read] of [
      [1_024, 1],
      [3_000, 2],
    ] as const) {
      const { answers, noted, open, publish, reads } = setUp();
      await open(history('a', 0));
      const gate = new Gate();
      answers.reading = gate.opened;
      answers.has = history('a', 2);
      publish(2);
      for (let offset = 3; offset < 3 + waiting; offset++) publish(offset);
      expect(await noted()).toEqual([]);
      gate.open();
      // The history of the broker at the next read.
      answers.reading = Promise.resolve().then(() => (answers.has = history('a', 2 + waiting)));
      expect(await noted()).toEqual(Array.from({ length: 2 + waiting }, (_, index) => String(index + 1)));
      expect(reads).toHaveLength(read);
    }
  });

  test('are applied up to a hole that the history does not fill, then subscribers restart', async () => {
    const { answers, noted, open, publish } = setUp();
    await open(history('a', 2));
    answers.has = history('a', 9, { oldest: 4 });
    publish(9);
    expect(await noted()).toEqual(['restarted at a:9']);
    publish(10);
    expect(await noted()).toEqual(['10']);
  });

  test('are read from the history if it begins at the next offset', async () => {
    const { answers, noted, open, publish } = setUp();
    await open(history('a', 2));
    answers.has = history('a', 5, { oldest: 3 });
    publish(5);
    expect(await noted()).toEqual(['3', '4', '5']);
  });

  test('of an empty new epoch restart subscribers without a read', async () => {
    const { noted, open, publish, reads, tellEpoch } = setUp();
    await open(history('a', 2));
    tellEpoch('b');
    publish(1, 'b');
    expect(await noted()).toEqual(['restarted at b:0', 'emptied', '1']);
    expect(reads).toEqual([]);
  });

  test('of the current epoch change nothing', async () => {
    const { noted, open, reads, tellEpoch } = setUp();
    await open(history('a', 2));
    tellEpoch('a');
    expect(await noted()).toEqual([]);
    expect(reads).toEqual([]);
  });

  test('of a new epoch with its first publication apply both without a read', async () => {
    const { noted, open, publish, reads, tell } = setUp();
    await open(history('a', 2));
    tell({ type: 'epoch', epoch: 'b', first: liveAt('b', 1) });
    publish(2, 'b');
    expect(await noted()).toEqual(['restarted at b:0', 'emptied', '1', '2']);
    expect(reads).toEqual([]);
  });

  test('of a new epoch that is unknown cause a read', async () => {
    const { answers, noted, open, publish, reads } = setUp();
    await open(history('a', 2));
    answers.has = history('c', 3);
    publish(3, 'c');
    expect(await noted()).toEqual(['restarted at c:3']);
    expect(reads).toHaveLength(1);
  });

  test('of the end of the topic end every subscriber once', async () => {
    const { live, noted, open, publish, tell, tellEpoch } = setUp();
    await open(history('a', 2));
    tell({ type: 'closed' });
    publish(3);
    tellEpoch('b');
    await live.release();
    expect(await noted()).toEqual(['ended: closed', 'onClosed']);
    expect(live.ended).toBe(true);
  });
});

describe('the position of a new reader', () => {
  test('causes no read if the timeline has it', async () => {
    const { live, open, publish, reads } = setUp();
    await open();
    for (const offset of [1, 2]) publish(offset);
    await live.fetchFor(undefined);
    await live.fetchFor({ epoch: 'a', offset: 1 });
    await live.fetchFor('oldest');
    expect(reads).toEqual([]);
  });

  test('causes one read for all concurrent readers if it is above the newest of this node', async () => {
    const { answers, live, noted, open, reads } = setUp();
    await open(history('a', 2));
    answers.has = history('a', 4);
    await Promise.all([3, 4].map((offset) => live.fetchFor({ epoch: 'a', offset })));
    expect(reads).toEqual([{ above: 2 }]);
    expect(await noted()).toEqual(['3', '4']);
    await live.fetchFor({ epoch: 'a', offset: 9 });
    expect(reads).toEqual([{ above: 2 }, { above: 4 }]);
    expect(await noted()).toEqual([]);
  });

  test('causes one read if it is before the first publication of this node', async () => {
    const { live, open, reads } = setUp();
    await open(history('a', 5));
    for (let time = 0; time < 2; time++) await live.fetchFor({ epoch: 'a', offset: 3 });
    expect(reads).toEqual([{ above: 3 }]);
    expect(live.timeline.after(3)).toMatchObject({ cursor: 5 });
  });

  test('causes a read at offset 0 if this node has dropped the first publications', async () => {
    const { answers, live, open, publish, reads, tellEpoch } = setUp({ count: 2 });
    await open(history('a', 5));
    tellEpoch('b');
    for (const offset of [1, 2, 3, 4]) publish(offset, 'b');
    answers.has = history('b', 4);
    await live.fetchFor({ epoch: 'b', offset: 0 });
    expect(reads).toEqual([{ above: 0 }]);
  });

  test('is ignored if the read fails, and the error is logged', async () => {
    const { answers, live, logged, open } = setUp();
    await open(history('a', 5));
    answers.reading = Promise.reject(new Error('connection reset'));
    await live.fetchFor({ epoch: 'a', offset: 3 });
    expect(logged).toEqual(['history-read-failed']);
    expect(live.timeline.start({ epoch: 'a', offset: 3 })).toMatchObject({ recovered: false });
  });

  test('causes no read of the history after the topic was closed', async () => {
    const { answers, environment, live, open, reads, tell } = setUp();
    await open(history('a', 2));
    const gate = new Gate();
    answers.reading = gate.opened;
    answers.has = history('b', 5);
    const reaching = live.fetchFor({ epoch: 'b', offset: 3 });
    await environment.settle();
    tell({ type: 'closed' });
    gate.open();
    await reaching;
    expect(reads).toEqual([{ above: 2 }]);
  });
});

describe('a broker that lost publications', () => {
  test('gets a new epoch if it has fewer publications than this node, and subscribers restart', async () => {
    const { answers, live, noted, open } = setUp();
    await open(history('a', 5));
    answers.has = history('a', 3);
    answers.replaced = async () => {
      answers.has = history('b', 1);
      return { epoch: 'b', offset: 0 };
    };
    await live.fetchFor({ epoch: 'a', offset: 6 });
    expect(answers.replacements).toEqual(['a']);
    expect(await noted()).toEqual(['restarted at b:1']);
  });

  test('keeps its epoch if this node released the topic before it noticed', async () => {
    const { answers, environment, live, noted, open } = setUp();
    await open(history('a', 5));
    const gate = new Gate();
    answers.reading = gate.opened;
    answers.has = history('a', 3);
    void live.fetchFor({ epoch: 'a', offset: 6 });
    await environment.settle();
    await live.release();
    gate.open();
    expect(await noted()).toEqual(['ended: released']);
    expect(answers.replacements).toEqual([]);
  });

  test('does not reload a topic that was released during the replacement of its epoch', async () => {
    const { answers, environment, live, noted, open } = setUp();
    await open(history('a', 5));
    const gate = new Gate();
    answers.has = history('a', 3);
    answers.replaced = async () => {
      await gate.opened;
      answers.has = history('b', 0);
      return { epoch: 'b', offset: 0 };
    };
    void live.fetchFor({ epoch: 'a', offset: 6 });
    await environment.settle();
    await live.release();
    gate.open();
    expect(await noted()).toEqual(['ended: released']);
  });

  test('gets a new epoch when it assigns an offset again', async () => {
    const { answers, noted, open, publish, reads } = setUp();
    await open();
    for (const offset of [1, 2, 2]) publish(offset);
    expect(await noted()).toEqual(['1', '2']);
    expect(reads).toEqual([]);
    answers.ids = { id: 'another', idAbove: 'another' };
    answers.replaced = async () => {
      answers.has = history('b', 1);
      return { epoch: 'b', offset: 1 };
    };
    publish(2, 'a', { id: 'another' });
    expect(await noted()).toEqual(['restarted at b:1']);
    expect(answers.replacements).toEqual(['a']);
  });

  test('gets a new epoch when another publication is before the next one', async () => {
    const { answers, noted, open, publish } = setUp();
    await open(history('a', 5));
    answers.has = history('a', 6);
    answers.ids = { idAbove: 'another' };
    answers.replaced = async () => {
      answers.has = history('b', 1);
      return { epoch: 'b', offset: 1 };
    };
    publish(6, 'a', { previous: 'another' });
    expect(await noted()).toEqual(['restarted at b:1']);
  });

  test('is asked again after a second if it cannot start the new epoch', async () => {
    const { answers, environment, logged, noted, open, publish } = setUp();
    await open(history('a', 2));
    answers.has = history('a', 1);
    answers.replaced = () => Promise.reject(new Error('connection reset'));
    publish(4);
    expect(await noted()).toEqual(['interrupted']);
    expect(logged).toEqual(['broker-lost-publications', 'broker-read-failed']);
    answers.replaced = async () => {
      answers.has = history('b', 1);
      return { epoch: 'b', offset: 1 };
    };
    await environment.advance(1_000);
    expect(await noted()).toEqual(['restarted at b:1', 'resumed']);
  });
});

describe('an interruption of the broker', () => {
  const resumed = (offset: number, epoch = 'a', id = idAt(epoch, offset)): TopicMessage => ({
    type: 'resumed',
    position: { epoch, offset },
    id,
  });

  test('makes the topic stale until the broker is back at the same publication, without a read', async () => {
    const { environment, live, noted, open, reads, tell } = setUp();
    await open(history('a', 2));
    const since = environment.now();
    tell({ type: 'interrupted' });
    tell({ type: 'interrupted' });
    expect(live.staleSince).toBe(since);
    expect(await noted()).toEqual(['interrupted']);
    tell(resumed(2));
    expect(live.staleSince).toBeUndefined();
    expect(await noted()).toEqual(['resumed']);
    expect(reads).toEqual([]);
  });

  test('ends for the subscribers after they have what was missing', async () => {
    const { answers, live, noted, open, publish, tell } = setUp();
    await open(history('a', 2));
    tell({ type: 'interrupted' });
    const gate = new Gate();
    answers.reading = gate.opened;
    answers.has = history('a', 4);
    tell(resumed(4));
    publish(5);
    expect(await noted()).toEqual(['interrupted']);
    expect(live.staleSince).toBeDefined();
    gate.open();
    expect(await noted()).toEqual(['3', '4', '5', 'resumed']);
  });

  test('with lost publications ends in a new epoch, even if nobody publishes', async () => {
    const { answers, noted, open, tell } = setUp();
    await open(history('a', 5));
    tell({ type: 'interrupted' });
    answers.has = history('a', 3);
    answers.replaced = async () => {
      answers.has = history('b', 1);
      return { epoch: 'b', offset: 1 };
    };
    tell(resumed(3));
    expect(await noted()).toEqual(['interrupted', 'restarted at b:1', 'resumed']);
    expect(answers.replacements).toEqual(['a']);
  });

  test('with offsets that were given out again ends in a new epoch', async () => {
    const { answers, noted, open, tell } = setUp();
    await open(history('a', 5));
    tell({ type: 'interrupted' });
    answers.ids = { id: 'another', idAbove: 'another' };
    answers.replaced = async () => {
      answers.has = history('b', 1);
      return { epoch: 'b', offset: 1 };
    };
    tell(resumed(5, 'a', 'another'));
    expect(await noted()).toEqual(['interrupted', 'restarted at b:1', 'resumed']);
  });

  test('that begins again during the read goes on', async () => {
    const { answers, live, noted, open, tell } = setUp();
    await open(history('a', 2));
    tell({ type: 'interrupted' });
    const gate = new Gate();
    answers.reading = gate.opened;
    answers.has = history('a', 3);
    tell(resumed(3));
    tell({ type: 'interrupted' });
    gate.open();
    expect(await noted()).toEqual(['interrupted', '3']);
    expect(live.staleSince).toBeDefined();
    tell(resumed(3));
    expect(await noted()).toEqual(['resumed']);
  });

  test('causes no reads by a timer, and one when the broker is back', async () => {
    const { answers, environment, noted, open, publish, reads, tell } = setUp();
    await open(history('a', 2));
    tell({ type: 'interrupted' });
    answers.reading = Promise.reject(new Error('connection reset'));
    publish(4);
    await environment.advance(60_000);
    expect(reads).toHaveLength(1);
    answers.reading = Promise.resolve();
    answers.has = history('a', 4);
    tell(resumed(4));
    expect(await noted()).toEqual(['interrupted', '3', '4', 'resumed']);
    expect(reads).toHaveLength(2);
  });
});

describe('letting go of a topic', () => {
  test('notifies every subscriber once and stops listening', async () => {
    const { answers, live, noted, open } = setUp();
    await open();
    await live.release();
    await live.release();
    expect((await noted())[0]).toBe('ended: released');
    expect(await noted()).toEqual([]);
    expect(answers.unlistened).toBe(2);
  });

  test('leaves no timer after a failed read', async () => {
    const { answers, environment, live, logged, open, publish } = setUp();
    await open();
    answers.reading = Promise.reject(new Error('connection reset'));
    publish(2);
    await environment.settle();
    expect(logged).toEqual(['broker-read-failed']);
    expect(environment.timers).toBe(1);
    await live.release();
    expect(environment.timers).toBe(0);
  });

  test('ignores the removal of a replaced subscriber', async () => {
    const { live, noted, open, publish } = setUp();
    await open();
    const key = {};
    const told: string[] = [];
    const named = (name: string) => ({
      appended: () => void told.push(name),
      restarted: () => undefined,
      interrupted: () => undefined,
      resumed: () => undefined,
      ended: () => undefined,
    });
    const [first, second] = [named('first'), named('second')];
    live.add(key, first);
    live.add(key, second);
    live.remove(key, first);
    publish(1);
    live.remove(key, second);
    publish(2);
    expect(told).toEqual(['second']);
    expect(await noted()).toEqual(['1', '2']);
  });
});

test('a state topic keeps its previous value only while a publication goes to the subscribers', async () => {
  let tell: (message: TopicMessage) => void = () => undefined;
  const [before, after] = ['1234', '4123'].map((digits) =>
    JSON.stringify([...digits].map((digit) => digit.repeat(99))),
  );
  const broker: Pick<Broker, 'listen' | 'read'> = {
    listen: async (_, listener) => {
      tell = listener;
      return async () => undefined;
    },
    read: async () => ({
      ...{ epoch: 'a', offset: 1, id: idAt('a', 1), oldest: 2, publications: [], time: 1 },
      base: { offset: 1, data: before! },
    }),
  };
  const live = new LiveTopic({
    ...{ topic: { name: 't', kind: 'state' }, broker: broker as Broker, environment: new VirtualEnvironment() },
    ...{
      log: { warn: () => undefined, error: () => undefined },
      history: { count: 10, bytes: 0, ageMs: 0 },
      reads: new ReadLimit(),
    },
    ...{ onEmptied: () => undefined, onClosed: () => undefined },
  });
  await live.open();
  const patches: (string | undefined)[] = [];
  const appended = () => void patches.push(live.timeline.patchWith([])?.text);
  const ignore = () => undefined;
  live.add({}, { appended, restarted: ignore, interrupted: ignore, resumed: ignore, ended: ignore });
  tell({ type: 'publication', publication: liveAt('a', 2, { data: after!, delta: '{"<0":[3]}' }) });
  appended();
  expect(patches).toEqual([expect.stringContaining('"delta":{"~0":[0,"444'), undefined]);
});

test('a publication that is longer than the bound of the queue is applied', async () => {
  const { noted, open, publish } = setUp();
  await open(history('a', 0));
  publish(1, 'a', { data: JSON.stringify('x'.repeat(2_000_000)) });
  expect(await noted()).toEqual(['1']);
});

test('the first publications of epochs count towards the bound of the queue', async () => {
  const { answers, environment, noted, open, publish, tell } = setUp();
  await open(history('a', 0));
  const gate = new Gate();
  answers.reading = gate.opened;
  publish(2);
  for (const epoch of ['b', 'c', 'd']) {
    tell({ type: 'epoch', epoch, first: liveAt(epoch, 1, { data: JSON.stringify('x'.repeat(600_000)) }) });
  }
  answers.has = history('d', 1);
  gate.open();
  await environment.settle();
  // The oldest two were dropped, and the read brings the topic up to date.
  expect(await noted()).toEqual(['restarted at d:1']);
});

describe('a read that an outage interrupts', () => {
  async function interrupted() {
    const setup = setUp();
    const { answers, noted, open, publish, tell } = setup;
    await open(history('a', 3));
    let succeed!: () => void;
    let fail!: (error: Error) => void;
    answers.reading = new Promise<void>((resolve, reject) => ([succeed, fail] = [resolve, reject]));
    answers.has = history('a', 5);
    publish(5);
    tell({ type: 'interrupted' });
    const resume = (): void => tell({ type: 'resumed', position: { epoch: 'a', offset: 5 }, id: idAt('a', 5) });
    resume();
    expect(await noted()).toEqual(['interrupted']);
    return { ...setup, fail, resume, succeed };
  }

  test('is repeated if it fails after the broker is back', async () => {
    const { answers, environment, fail, live, noted } = await interrupted();
    answers.reading = Promise.resolve();
    fail(new Error('unavailable'));
    await environment.advance(1_000);
    expect(await noted()).toEqual(['4', '5', 'resumed']);
    expect(live.staleSince).toBeUndefined();
  });

  test('does not end a later outage', async () => {
    const { live, noted, resume, succeed, tell } = await interrupted();
    tell({ type: 'interrupted' });
    succeed();
    expect(await noted()).toEqual(['4', '5']);
    expect(live.staleSince).toBeDefined();
    resume();
    expect(await noted()).toEqual(['resumed']);
  });

  test('waits for the end of a later outage if it fails', async () => {
    const { answers, environment, fail, noted, reads, resume, tell } = await interrupted();
    tell({ type: 'interrupted' });
    answers.reading = Promise.resolve();
    fail(new Error('unavailable'));
    await environment.advance(10_000);
    expect(reads).toHaveLength(1);
    expect(await noted()).toEqual([]);
    resume();
    expect(await noted()).toEqual(['4', '5', 'resumed']);
  });
});
