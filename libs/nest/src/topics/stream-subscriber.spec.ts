import { describe, expect, test } from '@jest/globals';
import type { Json, TopicKind } from '@statewire/protocol';

import { idAt, liveAt, storedAt } from '../../test/support/publications.js';
import { StreamSubscriber } from './subscribers.js';
import { Timeline } from './timeline.js';
import type { TopicPublication } from './subscribers.js';

function setUp(kind: TopicKind, data?: string) {
  const newest = data === undefined ? {} : { base: { offset: 1, data }, time: 1_000 };
  const offset = data === undefined ? 0 : 1;
  const timeline = new Timeline(
    't',
    kind,
    { count: 0, bytes: 0, ageMs: 0 },
    { epoch: 'a', offset, id: idAt('a', offset), oldest: offset + 1, publications: [], ...newest },
  );
  const heard: TopicPublication[] = [];
  let completed = 0;
  const member = new StreamSubscriber(timeline, {
    next: (publication) => heard.push(publication),
    complete: () => (completed += 1),
  });
  const append = (offset: number, value: Json, given: { readonly value?: Json } = { value }): void => {
    const publication = liveAt('a', offset, { time: 1_000 * offset, data: JSON.stringify(value), ...given });
    member.appended(timeline.append(publication, 0), publication);
  };
  return { append, completed: () => completed, heard, member, timeline };
}

describe('a stream of events', () => {
  test('begins without an event, then emits each event with the object of its publisher', () => {
    const { append, heard } = setUp('events', '"before"');
    expect(heard).toEqual([]);
    const event = { hello: 'world' };
    append(2, event);
    expect(heard).toEqual([{ position: { epoch: 'a', offset: 2 }, value: event, time: 2_000 }]);
    expect(heard[0]!.value).toBe(event);
  });

  test('parses events of another node', () => {
    const { append, heard } = setUp('events');
    append(1, { hello: 'world' }, {});
    append(2, null, {});
    expect(heard.map(({ value }) => value)).toEqual([{ hello: 'world' }, null]);
  });

  test('emits each of several events that arrive at once', () => {
    const { heard, member, timeline } = setUp('events');
    const publications = [1, 2].map((offset) => storedAt('a', offset, { data: String(offset) }));
    const read = { epoch: 'a', offset: 2, id: idAt('a', 2), oldest: 1, publications };
    for (const [frame, publication] of timeline.extend(read, 0)) member.appended(frame, publication);
    expect(heard).toEqual([
      { position: { epoch: 'a', offset: 1 }, value: 1, time: 1 },
      { position: { epoch: 'a', offset: 2 }, value: 2, time: 2 },
    ]);
  });

  test('emits nothing at a new epoch, and completes with the topic', () => {
    const { completed, heard, member, timeline } = setUp('events');
    timeline.reset({ epoch: 'b', offset: 5, id: idAt('b', 5), oldest: 6, time: 3_000, publications: [] });
    member.restarted();
    expect(heard).toEqual([]);
    expect(completed()).toBe(0);
    member.ended();
    expect(completed()).toBe(1);
  });
});

describe('a stream of a state', () => {
  test('begins with the current value if there is one', () => {
    expect(setUp('state').heard).toEqual([]);
    expect(setUp('state', 'null').heard).toEqual([{ position: { epoch: 'a', offset: 1 }, value: null, time: 1_000 }]);
  });

  test('emits only the newest of several values that arrive at once', () => {
    const { heard, member, timeline } = setUp('state', '1');
    const publications = [2, 3].map((offset) => storedAt('a', offset, { delta: '["a delta"]' }));
    const read = { epoch: 'a', offset: 3, id: idAt('a', 3), oldest: 1, base: { offset: 3, data: '3' }, time: 3 };
    for (const [frame, each] of timeline.extend({ ...read, publications }, 0)) member.appended(frame, each);
    expect(heard.slice(1)).toEqual([{ position: { epoch: 'a', offset: 3 }, value: 3, time: 3 }]);
  });

  test('continues with each value, and with the value of a new epoch', () => {
    const { append, heard, member, timeline } = setUp('state', '1');
    append(2, 'two');
    const base = { offset: 1, data: '"new"' };
    timeline.reset({ epoch: 'b', offset: 1, id: idAt('b', 1), oldest: 2, base, time: 3_000, publications: [] });
    member.restarted();
    expect(heard.slice(1)).toEqual([
      { position: { epoch: 'a', offset: 2 }, value: 'two', time: 2_000 },
      { position: { epoch: 'b', offset: 1 }, value: 'new', time: 3_000 },
    ]);
  });
});
