import { expect, test } from '@jest/globals';

import { parseTopicMessage } from './topic-message.js';

test('a publication has data or a delta, which may have any characters', () => {
  expect(parseTopicMessage('P e1 7-1700000000000 id7 id6 d\n"a b\\n"\n ')).toEqual({
    type: 'publication',
    publication: { epoch: 'e1', offset: 7, time: 1_700_000_000_000, id: 'id7', previous: 'id6', data: '"a b\\n"\n ' },
  });
  expect(parseTopicMessage('P e1 8-1 id8 id7 p\n{"=a":1}')).toMatchObject({
    publication: { offset: 8, delta: '{"=a":1}' },
  });
});

test('the first publication of a topic has nothing before it', () => {
  expect(parseTopicMessage('P e1 1-1 id1  d\n1')).toMatchObject({
    publication: { id: 'id1', previous: '', data: '1' },
  });
});

test('a new epoch is empty, or begins with its first publication', () => {
  expect(parseTopicMessage('E e2\n')).toEqual({ type: 'epoch', epoch: 'e2' });
  expect(parseTopicMessage('E e2 5 id1\n{"a":1}')).toEqual({
    type: 'epoch',
    epoch: 'e2',
    first: { epoch: 'e2', offset: 1, time: 5, id: 'id1', previous: '', data: '{"a":1}' },
  });
});

test('a topic ends', () => {
  expect(parseTopicMessage('C')).toEqual({ type: 'closed' });
});

test('a message of a later version is ignored', () => {
  expect(parseTopicMessage('X e2 5\n{}')).toBeUndefined();
  expect(parseTopicMessage('')).toBeUndefined();
});
