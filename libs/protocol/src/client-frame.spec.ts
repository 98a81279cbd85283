import { describe, expect, test } from '@jest/globals';

import { parseClientFrame } from './client-frame.js';
import { CLIENT_FRAME_LIMITS } from './limits.js';
import { ProtocolError } from './protocol-error.js';

const clientId = 'abcdefghijklmnopqrstuv';

function parse(frame: unknown) {
  return parseClientFrame(typeof frame === 'string' ? frame : JSON.stringify(frame), CLIENT_FRAME_LIMITS);
}

function complaintAbout(frame: unknown): ProtocolError {
  try {
    parse(frame);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return error as ProtocolError;
  }
  throw new Error('The frame was accepted.');
}

describe('parseClientFrame', () => {
  test.each([
    { type: 'hello', clientId },
    { type: 'hello', clientId: 'x'.repeat(64), token: 'secret' },
    { type: 'authenticate', token: 'secret', ref: '1' },
    { type: 'subscribe', topics: [{ topic: 'lobby' }] },
    {
      type: 'subscribe',
      topics: [
        { topic: 'battles/42', since: { epoch: 'e_1', offset: 0 } },
        { topic: 'battles/43', since: { epoch: 'x'.repeat(32), offset: Number.MAX_SAFE_INTEGER } },
        { topic: 'chat', since: 'oldest' },
      ],
      ref: 'r'.repeat(32),
    },
    { type: 'unsubscribe', topics: ['lobby'], ref: '' },
    { type: 'action', id: '1', name: 'battles/pause' },
    { type: 'action', id: 'x'.repeat(64), name: 'a', data: { deep: [[{}]] } },
    { type: 'action', id: '1', name: 'a', data: null },
    { type: 'action', id: '1', name: 'a', again: true },
    { type: 'action', id: '1', name: 'a', again: true, age: 1_500 },
    { type: 'action', id: '1', name: 'a', again: false },
    { type: 'ping' },
    { type: 'ping', time: 1.5 },
    { type: 'pong', time: -1 },
    { type: 'hello', clientId, answered: ['1'] },
    { type: 'authenticate', token: 'secret', answered: ['1'] },
    { type: 'subscribe', topics: [{ topic: 'lobby' }], answered: [] },
    { type: 'unsubscribe', topics: ['lobby'], answered: ['1'] },
    { type: 'action', id: '2', name: 'a', answered: Array.from({ length: 128 }, () => 'x'.repeat(64)) },
    { type: 'ping', answered: ['1', '2'] },
    { type: 'pong', answered: ['1'] },
  ])('accepts %j', (frame) => {
    expect(parse(frame)).toEqual(frame);
  });

  test('omits unknown fields at every level', () => {
    const frame = {
      type: 'subscribe',
      topics: [{ topic: 'lobby', since: { epoch: 'e', offset: 1, x: 1 }, y: 2 }],
      user: 'admin',
    };
    expect(parse(frame)).toEqual({ type: 'subscribe', topics: [{ topic: 'lobby', since: { epoch: 'e', offset: 1 } }] });
  });

  test.each([
    ['', 'This is not JSON'],
    ['{"type":"ping"', 'This is not JSON'],
    ['{"type":"ping"} x', 'This is not JSON'],
    ['[]', 'A frame must be a JSON object'],
    ['null', 'A frame must be a JSON object'],
    ['"ping"', 'A frame must be a JSON object'],
    [
      {},
      "A frame's type must be one of hello, authenticate, subscribe, unsubscribe, action, ping, pong, got something else",
    ],
    [{ type: 'welcome' }, 'got "welcome"'],
    [{ type: 'constructor' }, 'got "constructor"'],
    [{ type: '__proto__' }, 'got "__proto__"'],
    [{ type: 'x'.repeat(33) }, 'got something else'],
    [{ type: 'hello' }, 'hello.clientId must be 22–64 of A–Z a–z 0–9 _ -, got nothing'],
    [{ type: 'hello', clientId: 'short' }, 'hello.clientId must be 22–64 of A–Z a–z 0–9 _ -, got "short"'],
    [{ type: 'hello', clientId: 'x'.repeat(65) }, 'got a string of 65 characters'],
    [{ type: 'hello', clientId, token: '' }, 'hello.token must be a string that is not empty, got ""'],
    [{ type: 'hello', clientId, token: null }, 'hello.token must be a string that is not empty, got null'],
    [{ type: 'pong', answered: '1' }, 'pong.answered must be an array, got "1"'],
    [{ type: 'ping', answered: [''] }, 'ping.answered[0] must be a string of 1–64 characters, got ""'],
    [
      { type: 'pong', answered: Array(129).fill('1') },
      'pong.answered must be an array of at most 128, got an array of 129',
    ],
    [{ type: 'authenticate' }, 'authenticate.token must be a string that is not empty, got nothing'],
    [{ type: 'subscribe' }, 'subscribe.topics must be an array of at least 1, got nothing'],
    [{ type: 'subscribe', topics: [] }, 'subscribe.topics must be an array of at least 1, got an array of 0'],
    [{ type: 'subscribe', topics: ['lobby'] }, 'subscribe.topics[0] must be an object, got "lobby"'],
    [
      { type: 'subscribe', topics: [{ topic: 'a' }, { topic: 'a/:b' }] },
      'subscribe.topics[1].topic must be a topic name, got "a/:b"',
    ],
    [
      { type: 'subscribe', topics: [{ topic: 'a', since: 'newest' }] },
      'subscribe.topics[0].since must be a position or "oldest", got "newest"',
    ],
    [
      { type: 'subscribe', topics: [{ topic: 'a', since: null }] },
      'subscribe.topics[0].since must be a position or "oldest", got null',
    ],
    [
      {
        type: 'subscribe',
        topics: [{ topic: 'a' }, { topic: 'b' }, { topic: 'c', since: { epoch: 'e', offset: -1 } }],
      },
      'subscribe.topics[2].since.offset must be a safe integer ≥ 0, got -1',
    ],
    [{ type: 'subscribe', topics: [{ topic: 'a', since: { epoch: 'ä', offset: 1 } }] }, 'since.epoch must be 1–32 of'],
    [
      { type: 'subscribe', topics: [{ topic: 'a' }], ref: 'r'.repeat(33) },
      'subscribe.ref must be a string of at most 32 characters',
    ],
    [{ type: 'unsubscribe', topics: [{ topic: 'a' }] }, 'unsubscribe.topics[0] must be a topic name, got an object'],
    [{ type: 'action', id: '', name: 'a' }, 'action.id must be a string of 1–64 characters, got ""'],
    [{ type: 'action', id: '1', name: 'a', again: 1 }, 'action.again must be true or false, got 1'],
    [{ type: 'action', id: '1', name: 'a', age: -1 }, 'action.age must be a safe integer ≥ 0, got -1'],
    [{ type: 'action', id: 7, name: 'a' }, 'action.id must be a string of 1–64 characters, got 7'],
    [{ type: 'action', id: '1', name: '../a' }, 'action.name must be an action name, got "../a"'],
    ['{"type":"ping","time":1e999}', 'ping.time must be a finite number, got Infinity'],
  ])('rejects %j with the message: %s', (frame, message) => {
    const complaint = complaintAbout(frame);
    expect(complaint.message).toContain(message);
    expect(complaint.code).toBe('bad_request');
  });

  test.each(['1.5', '-1', '9007199254740992', '1e999', '"1"', 'null', 'true', '[]'])(
    'rejects the offset %s (A9)',
    (offset) => {
      const complaint = complaintAbout(
        `{"type":"subscribe","topics":[{"topic":"a","since":{"epoch":"e","offset":${offset}}}]}`,
      );
      expect(complaint.message).toContain('since.offset must be a safe integer ≥ 0');
    },
  );

  test('reports the id and the ref of a bad frame', () => {
    expect(complaintAbout({ type: 'subscribe', topics: 1, ref: 'r1' }).correlation).toEqual({ ref: 'r1' });
    expect(complaintAbout({ type: 'action', id: 'a1', name: '' }).correlation).toEqual({ id: 'a1' });
    expect(complaintAbout({ type: 'strange', id: 'a1', ref: 'r1' }).correlation).toEqual({ id: 'a1', ref: 'r1' });
    expect(complaintAbout({ type: 'action', id: 'x'.repeat(65), ref: 5 }).correlation).toEqual({});
  });

  test('never quotes a token or unparsed text', () => {
    expect(complaintAbout({ type: 'authenticate', token: ['hunter2'] }).message).not.toContain('hunter2');
    expect(complaintAbout('{"type":"hello","token":"hunter2"').message).not.toContain('hunter2');
  });

  test('counts bytes, not characters', () => {
    const frame = JSON.stringify({ type: 'action', id: '1', name: 'a', data: 'é'.repeat(40) });
    const bytes = Buffer.byteLength(frame);
    expect(() => parseClientFrame(frame, { bytes, depth: 0 })).not.toThrow();
    expect(() => parseClientFrame(frame, { bytes, depth: 0 })).not.toThrow();
    expect(() => parseClientFrame(frame, { bytes: bytes - 1, depth: 0 })).toThrow(`At most ${bytes - 1} bytes`);
  });

  test('rejects a frame above the limit with too_large, regardless of its content', () => {
    const complaint = complaintAbout('x'.repeat(CLIENT_FRAME_LIMITS.bytes + 1));
    expect(complaint.code).toBe('too_large');
  });

  test('accepts the maximum nesting and rejects one level more', () => {
    const nested = (levels: number) =>
      `{"type":"action","id":"1","name":"a","data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(() => parse(nested(31))).not.toThrow();
    expect(complaintAbout(nested(32))).toMatchObject({
      code: 'too_large',
      message: 'At most 32 levels of nesting are accepted. Nest the data less, or raise the limit.',
    });
  });

  test.each(['[', '{"a":'])('A12: rejects 10^5 levels of %s without a stack overflow', (opening) => {
    const text = `{"type":"action","id":"1","name":"a","data":${opening.repeat(100_000)}`;
    expect(() => parseClientFrame(text, { bytes: 0, depth: 32 })).toThrow('levels of nesting');
  });

  test('A12: survives 10^5 levels without limits', () => {
    const text = `{"type":"action","id":"1","name":"a","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(parseClientFrame(text, { bytes: 0, depth: 0 })).toMatchObject({ type: 'action' });
  });

  test('does not count brackets inside strings', () => {
    const data = ['['.repeat(100), '\\"[{'.repeat(50), '\\'];
    expect(parse({ type: 'action', id: '1', name: 'a', data })).toMatchObject({ data });
  });

  test('A12: accepts 10^5 keys', () => {
    const data = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
    const text = JSON.stringify({ type: 'action', id: '1', name: 'a', data });
    expect(parseClientFrame(text, { bytes: 0, depth: 32 })).toMatchObject({ id: '1' });
  });

  test('A13: keeps __proto__ as an ordinary key of data, and no prototype changes', () => {
    const text =
      '{"type":"action","id":"1","name":"a","data":{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}}';
    const frame = parse(text);
    expect(JSON.stringify(frame)).toBe(text);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  test('A13: reads own fields only, never inherited ones', () => {
    const text = `{"__proto__":{"type":"ping"},"type":"hello","topics":{"__proto__":[]}}`;
    expect(complaintAbout(text).message).toContain('hello.clientId');
    expect(complaintAbout('{"__proto__":{"type":"ping"}}').message).toContain('got something else');
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    'A13: treats %s as a topic and an action like any other name',
    (name) => {
      expect(parse({ type: 'subscribe', topics: [{ topic: name }] })).toMatchObject({ topics: [{ topic: name }] });
      expect(parse({ type: 'action', id: name, name })).toMatchObject({ id: name, name });
    },
  );
});
