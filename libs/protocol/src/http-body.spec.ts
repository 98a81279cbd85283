import { describe, expect, test } from '@jest/globals';

import { parseActionRequest, parsePollRequest, parsePublishRequest } from './http-request.js';
import { parseConfigResponse, parsePollResponse } from './http-response.js';
import { parseSnapshotResponse } from './http-snapshot.js';
import { CLIENT_FRAME_LIMITS } from './limits.js';
import { ProtocolError } from './protocol-error.js';

const clientId = 'abcdefghijklmnopqrstuv';

describe.each([
  ['text', (body: unknown) => JSON.stringify(body)],
  ['the object of a body parser', (body: unknown) => body],
])('the body of a request, as %s', (_, encode) => {
  const poll = (body: unknown) => parsePollRequest(encode(body), CLIENT_FRAME_LIMITS);
  const act = (body: unknown) => parseActionRequest(encode(body), CLIENT_FRAME_LIMITS);
  const publish = (body: unknown) => parsePublishRequest(encode(body), CLIENT_FRAME_LIMITS);

  test.each([
    { clientId, topics: [] },
    { clientId, topics: [{ topic: 'a' }, { topic: 'b', since: { epoch: 'e', offset: 3 } }], wait: 25 },
    { clientId, topics: [{ topic: 'a', since: 'oldest' }], wait: 0 },
    { clientId, topics: [], answered: ['1'] },
  ])('accepts the poll %j', (body) => {
    expect(poll(body)).toEqual(body);
  });

  test.each([
    [[], 'poll must be an object, got an array of 0'],
    [{ topics: [] }, 'poll.clientId must be'],
    [
      { clientId, topics: [{ topic: 'a', since: { epoch: 'e', offset: 0.5 } }] },
      'poll.topics[0].since.offset must be a safe integer ≥ 0, got 0.5',
    ],
    [{ clientId, topics: [], wait: 26 }, 'poll.wait must be a number from 0 to 25, got 26'],
    [{ clientId, topics: [], wait: -1 }, 'poll.wait must be a number from 0 to 25, got -1'],
  ])('rejects the poll %j with the message: %s', (body, message) => {
    expect(() => poll(body)).toThrow(ProtocolError);
    expect(() => poll(body)).toThrow(message);
  });

  test('accepts an action', () => {
    const body = { clientId, id: '1', name: 'battles/pause', data: { battleId: '42' }, again: true, answered: ['0'] };
    expect(act({ ...body, admin: true })).toEqual(body);
  });

  test('rejects an action whose again is no boolean', () => {
    expect(() => act({ clientId, id: '1', name: 'a', again: null })).toThrow(
      'action.again must be true or false, got null',
    );
  });

  test('reports the id of a bad action', () => {
    expect(() => act({ clientId, id: 'a1', name: 5 })).toThrow(
      expect.objectContaining({ correlation: { id: 'a1' }, message: 'action.name must be an action name, got 5' }),
    );
  });

  test.each([
    { topic: 'battles/42', data: null },
    { publications: [{ topic: 'a', data: { hp: 1 } }] },
    { publications: Array.from({ length: 128 }, () => ({ topic: 'a', data: 0 })) },
  ])('accepts the publications %j', (body) => {
    expect(publish({ ...body, more: 'unknown' })).toEqual(body);
  });

  test.each([
    [{ topic: 'a' }, 'publish.data must be a JSON value, got nothing'],
    [{ topic: 'a//b', data: 1 }, 'publish.topic must be a topic name, got "a//b"'],
    [[{ topic: 'a', data: 1 }], 'publish must be an object, got an array of 1'],
    [{ publications: [] }, 'publish.publications must be an array of at least 1, got an array of 0'],
    [
      { publications: [{ topic: 'a', data: 1 }, {}] },
      'publish.publications[1].topic must be a topic name, got nothing',
    ],
    [
      { publications: Array.from({ length: 129 }, () => ({ topic: 'a', data: 0 })) },
      'publish.publications must be an array of at most 128, got an array of 129',
    ],
  ])('rejects the publications %j with the message: %s', (body, message) => {
    expect(() => publish(body)).toThrow(ProtocolError);
    expect(() => publish(body)).toThrow(message);
  });

  test('A12: rejects 10^5 levels without a stack overflow', () => {
    const data: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    const text = `{"clientId":"${clientId}","id":"1","name":"a","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const body = encode('') === '""' ? text : { clientId, id: '1', name: 'a', data };
    expect(() => parseActionRequest(body, { bytes: 0, depth: 32 })).toThrow('At most 32 levels');
  });
});

describe('answers of the HTTP binding', () => {
  test('a poll answer keeps its frames in order and omits unknown ones', () => {
    const subscribed = { type: 'subscribed', topic: 'a', kind: 'state', epoch: 'e', offset: 1, recovered: false };
    const snapshot = { type: 'snapshot', topic: 'a', epoch: 'e', offset: 1, data: 5 };
    const answer = { frames: [subscribed, { type: 'future' }, snapshot], websocket: true, serverTime: 1, more: true };
    expect(parsePollResponse(JSON.stringify(answer))).toEqual({ ...answer, frames: [subscribed, snapshot] });
  });

  test.each([
    ['<html>', 'This is not JSON'],
    ['{"frames":[{}],"websocket":true,"serverTime":1}', 'poll.frames[0] must be a JSON object with a type'],
    ['{"frames":[],"serverTime":1}', 'poll.websocket must be true or false, got nothing'],
    ['{"frames":[],"websocket":true,"serverTime":1,"more":1}', 'poll.more must be true or missing, got 1'],
    [
      '{"frames":[{"type":"event","topic":"a","offset":-1,"data":1}],"websocket":true,"serverTime":1}',
      'event.offset must be',
    ],
  ])('rejects the poll answer %j with the message: %s', (text, message) => {
    expect(() => parsePollResponse(text)).toThrow(ProtocolError);
    expect(() => parsePollResponse(text)).toThrow(message);
  });

  test('a config answer has the live switches', () => {
    const config = { websocket: false, poll: { interval: 2000 }, actionWindow: 120_000 };
    expect(parseConfigResponse(JSON.stringify({ ...config, more: 1 }))).toEqual(config);
    expect(() => parseConfigResponse('{"websocket":true}')).toThrow('config.poll must be an object, got nothing');
  });

  test.each([
    { kind: 'state', epoch: 'e', offset: 4, data: null },
    { kind: 'events', epoch: 'e', offset: 4, events: [{ offset: 4, data: 'x' }] },
    { kind: 'state', epoch: 'e', offset: 4, staleSince: 7, data: null },
    { kind: 'events', epoch: 'e', offset: 4, staleSince: 7, events: [] },
  ])('a snapshot answer may be %j', (answer) => {
    expect(parseSnapshotResponse(JSON.stringify(answer))).toEqual(answer);
  });

  test('rejects a snapshot answer of another kind', () => {
    expect(() => parseSnapshotResponse('{"kind":"log","epoch":"e","offset":1,"data":1}')).toThrow(
      'snapshot.kind must be "state", got "log"',
    );
  });
});
