import { describe, expect, test } from '@jest/globals';

import { EVENTS, setUp, STATE } from '../../test/support/topics-set-up.js';

const MARKS = { softMark: 4_000, hardMark: 64_000 };

/** About 1.6 KB. A publication changes a small part. */
function battle(tick: number) {
  return { tick, log: Array.from({ length: 20 }, (_, index) => `${index}: ${'.'.repeat(70)}`) };
}

describe('R18: a slow reader', () => {
  test('of a state topic has bounded memory, harms no other reader and converges to the newest value', async () => {
    const { environment, reader, topics } = setUp({ outbox: MARKS });
    const [slow, quick] = [await reader().subscribe(STATE), await reader().subscribe(STATE)];
    slow.socket.stuck = true;
    for (let tick = 1; tick <= 500; tick++) {
      await topics.publish(STATE, battle(tick));
      await environment.settle();
      expect(slow.outbox.bufferedBytes).toBeLessThan(MARKS.softMark + 2_500);
      expect(quick.update().value).toEqual(battle(tick));
    }
    expect(quick.socket.writes).toHaveLength(500);
    expect(slow.overflows).toEqual([]);
    for (let round = 0; round < 10; round++) {
      slow.socket.read(Infinity);
      await environment.settle();
    }
    expect(slow.update().value).toEqual(battle(500));
    expect(slow.socket.frames.length).toBeLessThan(200);
    await topics.publish(STATE, battle(501));
    await environment.settle();
    slow.socket.read(Infinity);
    expect(slow.update().frames.at(-1)).toMatchObject({ type: 'patch', from: 500, offset: 501 });
  });

  test('of a state topic gets the missed patches if they are smaller, and never a patch of its own', async () => {
    const { environment, reader, topics } = setUp({ outbox: MARKS });
    const slow = await reader().subscribe(STATE);
    await topics.publish(STATE, battle(0));
    await environment.settle();
    slow.socket.stuck = true;
    slow.outbox.send({ type: 'error', code: 'internal', message: 'x'.repeat(5_000), temporary: true });
    for (let tick = 1; tick <= 5; tick++) await topics.publish(STATE, battle(tick));
    await environment.settle();
    slow.socket.read(Infinity);
    await environment.settle();
    slow.socket.read(Infinity);
    const missed = slow.update().frames.slice(-5);
    expect(missed.map((frame) => frame.type === 'patch' && [frame.from, frame.offset])).toEqual(
      [1, 2, 3, 4, 5].map((from) => [from, from + 1]),
    );
    expect(slow.value).toEqual(battle(5));
  });

  test('of an event topic gets every event within the history', async () => {
    const { environment, reader, topics } = setUp({ outbox: MARKS, history: { count: 1_000 } });
    const slow = await reader().subscribe(EVENTS);
    slow.socket.stuck = true;
    for (let n = 1; n <= 900; n++) {
      await topics.publish(EVENTS, `event ${n} ${'.'.repeat(50)}`);
      await environment.settle();
      slow.socket.read(n % 3 === 0 ? 200 : 0);
    }
    for (let round = 0; round < 100; round++) {
      await environment.settle();
      slow.socket.read(Infinity);
    }
    expect(slow.update().events).toHaveLength(900);
    expect(slow.overflows).toEqual([]);
  });

  test('is not slow if as many events as the history keeps come in one tick', async () => {
    const { environment, reader, topics } = setUp({ outbox: MARKS, history: { count: 200 } });
    const alice = await reader().subscribe(EVENTS);
    // publish() notifies listeners before it returns, so this is one tick.
    for (let n = 0; n < 200; n++) void topics.publish(EVENTS, `event ${n} ${'.'.repeat(200)}`);
    for (let round = 0; round < 50; round++) await environment.settle();
    expect(alice.overflows).toEqual([]);
    expect(alice.update().events).toHaveLength(200);
  });

  test('of an event topic is closed beyond the history, and resumes with recovered false', async () => {
    const { environment, reader, topics } = setUp({ outbox: MARKS, history: { count: 100 } });
    const slow = await reader().subscribe(EVENTS);
    slow.socket.stuck = true;
    for (let n = 1; n <= 500; n++) {
      await topics.publish(EVENTS, `event ${n} ${'.'.repeat(50)}`);
      await environment.settle();
    }
    slow.socket.read(Infinity);
    await environment.settle();
    expect(slow.overflows).toEqual(['history']);
    slow.subscription!.close();
    const again = reader();
    const since = slow.update().since;
    Object.assign(again, since);
    await again.subscribe(EVENTS, since);
    await environment.settle();
    expect(again.update().frames).toMatchObject([{ type: 'subscribed', recovered: false, offset: 500 }]);
  });

  test('gets a new epoch before the frames of that epoch', async () => {
    const { broker, environment, reader, topics } = setUp({ outbox: MARKS });
    for (const topic of [STATE, EVENTS]) {
      const slow = await reader().subscribe(topic);
      const { epoch } = await topics.publish(topic, 'before');
      await environment.settle();
      slow.socket.stuck = true;
      slow.outbox.send({ type: 'error', code: 'internal', message: 'x'.repeat(5_000), temporary: true });
      await topics.publish(topic, 'unseen');
      await broker.replaceEpoch(topic.name, topic.kind, epoch);
      await topics.publish(topic, 'first of the new epoch');
      await topics.publish(topic, 'second of the new epoch');
      for (let round = 0; round < 5; round++) {
        await environment.settle();
        slow.socket.read(Infinity);
      }
      slow.update();
      const last = slow.frames.slice(slow.frames.findIndex(({ type }) => type === 'error') + 1);
      if (topic.kind === 'state') {
        expect(last).toMatchObject([
          { type: 'subscribed', recovered: false, offset: 2 },
          { type: 'snapshot', offset: 2, data: 'second of the new epoch' },
        ]);
      } else {
        expect(last).toMatchObject([
          { type: 'subscribed', recovered: false, offset: 0 },
          { type: 'event', offset: 1 },
          { type: 'event', offset: 2 },
        ]);
      }
      expect(last[0]).not.toHaveProperty('ref');
    }
  });

  test('with a full outbox at a new epoch gets the announced snapshot', async () => {
    const { broker, environment, reader, topics } = setUp({ outbox: MARKS });
    const slow = await reader().subscribe(STATE);
    const { epoch } = await topics.publish(STATE, 'before');
    await environment.settle();
    slow.socket.stuck = true;
    slow.outbox.send({ type: 'error', code: 'internal', message: 'x'.repeat(5_000), temporary: true });
    await broker.replaceEpoch(STATE.name, 'state', epoch);
    for (const value of ['first', 'second']) await topics.publish(STATE, value);
    for (let round = 0; round < 5; round++) {
      await environment.settle();
      slow.socket.read(Infinity);
    }
    expect(slow.update().frames.slice(-2)).toMatchObject([
      { type: 'subscribed', recovered: false, offset: 2 },
      { type: 'snapshot', offset: 2, data: 'second' },
    ]);
  });

  test('gets no more frames after it unsubscribes', async () => {
    const { environment, reader, topics } = setUp({ outbox: MARKS });
    const slow = await reader().subscribe(EVENTS);
    slow.socket.stuck = true;
    for (let n = 1; n <= 100; n++) {
      await topics.publish(EVENTS, 'x'.repeat(100));
      await environment.settle();
    }
    const sent = slow.socket.frames.length;
    slow.subscription!.close();
    slow.socket.read(Infinity);
    await environment.settle();
    expect(slow.socket.frames).toHaveLength(sent);
  });
});
