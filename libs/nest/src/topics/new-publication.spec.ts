import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { idAt, liveAt } from '../../test/support/publications.js';
import { project, Writers, type Projection } from './new-publication.js';
import { Timeline } from './timeline.js';

const TOPIC = { name: 't', kind: 'state' } as const;
const KEEP_MS = 60_000;

function projection(n: number): Projection {
  return project('t', { n, text: 'x'.repeat(100) }, 0);
}

function timelineAt(n: number): Timeline {
  const data = projection(n).text;
  const history = { epoch: 'a', offset: n, id: idAt('a', n), time: 1, oldest: n + 1, publications: [] };
  return new Timeline('t', 'state', { count: 10, bytes: 0, ageMs: 0 }, { ...history, base: { offset: n, data } });
}

function setUp() {
  const environment = new VirtualEnvironment();
  const writers = new Writers(environment, KEEP_MS);
  const base = (id: string, n: number, timeline?: Timeline) =>
    writers.of(TOPIC).prepare(id, projection(n), timeline).patch?.base;
  return { base, environment, writers };
}

describe('the delta of a publication', () => {
  test('is from the one before it, whether the broker has answered or not', async () => {
    const { base, writers } = setUp();
    expect(base('p1', 1)).toBeUndefined();
    const answer = writers.of(TOPIC).track(Promise.resolve());
    expect(base('p2', 2)).toBe('p1');
    await answer;
    expect(base('p3', 3)).toBe('p2');
  });

  test('is from the newest publication of the node, if the topic is live and nothing is under way', async () => {
    const { base, writers } = setUp();
    base('p1', 1);
    const timeline = timelineAt(5);
    expect(base('p2', 2, timeline)).toBe(idAt('a', 5));
    const answer = writers.of(TOPIC).track(new Promise<void>((resolve) => setImmediate(resolve)));
    expect(base('p3', 3, timeline)).toBe('p2');
    timeline.append(liveAt('a', 6, { data: projection(6).text }), 0);
    await answer;
    expect(base('p4', 4, timeline)).toBe(idAt('a', 6));
  });

  test('is missing after a publication that failed, because the broker may have it or not', async () => {
    const { base, writers } = setUp();
    base('p1', 1);
    await writers
      .of(TOPIC)
      .track(Promise.reject(new Error('connection reset')))
      .catch(() => undefined);
    expect(base('p2', 2)).toBeUndefined();
    expect(base('p3', 3)).toBe('p2');
  });

  test('is missing if it is not smaller than the value', () => {
    const { writers } = setUp();
    const writer = writers.of(TOPIC);
    writer.prepare('p1', project('t', 1, 0), undefined);
    expect(writer.prepare('p2', project('t', 2, 0), undefined)).toEqual({
      ...{ kind: 'state', id: 'p2', data: '2', value: 2 },
    });
  });

  test('is missing for events', () => {
    const { environment } = setUp();
    const writer = new Writers(environment, KEEP_MS).of({ name: 'news', kind: 'events' });
    writer.prepare('p1', projection(1), undefined);
    expect(writer.prepare('p2', projection(2), undefined).patch).toBeUndefined();
  });
});

describe('the last value of a topic', () => {
  test('is forgotten when nobody publishes to the topic any more', async () => {
    const { base, environment } = setUp();
    base('p1', 1);
    await environment.advance(KEEP_MS);
    expect(base('p2', 2)).toBe('p1');
    await environment.advance(2 * KEEP_MS);
    expect(base('p3', 3)).toBeUndefined();
    await environment.advance(2 * KEEP_MS);
    expect(environment.timers).toBe(0);
  });

  test('is forgotten if there are too many topics, the oldest first', () => {
    const { base, writers } = setUp();
    base('p1', 1);
    for (let n = 0; n < 9_999; n++) writers.of({ name: `other/${n}`, kind: 'state' });
    expect(base('p2', 2)).toBe('p1');
    writers.of({ name: 'one/more', kind: 'state' });
    expect(base('p3', 3)).toBeUndefined();
  });

  test('is forgotten at the end of the node, without a timer', () => {
    const { base, environment, writers } = setUp();
    base('p1', 1);
    writers.dispose();
    expect(environment.timers).toBe(0);
    expect(base('p2', 2)).toBeUndefined();
  });
});
