import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CLIENT_FRAME_LIMITS,
  ERROR_CODES,
  parseClientFrame,
  ProtocolError,
  type ClientFrame,
  type ServerFrame,
} from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';
import fc from 'fast-check';

import { FrameGate } from '../../src/websocket/frame-gate.js';
import { resolveOptions } from '../../src/core/resolve-options.js';
import { RealtimeError } from '../../src/core/errors.js';
import { CLIENT_ID, ConnectionRig } from '../support/connection-rig.js';
import { clientMessage } from './client-messages.js';
import { expectPrototypesUnchanged, rememberPrototypes } from './prototypes.js';

/** So that what is looked at is the decoder, not what bounds its use. */
const UNBOUNDED = {
  frames: { malformed: 0, rejected: 0, perSecond: 0, waiting: 0 },
  connections: { subscriptions: 0 },
};

beforeEach(rememberPrototypes);
afterEach(expectPrototypesUnchanged);

/** The frame in the bytes, or the complaint. */
function understood(bytes: Buffer): ClientFrame | ProtocolError {
  try {
    return parseClientFrame(bytes.toString(), CLIENT_FRAME_LIMITS);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** How many answers a welcomed client has to get. */
function answersDue(asked: ClientFrame | ProtocolError): number {
  if (asked instanceof ProtocolError) return 1;
  if (asked.type === 'pong') return 0;
  return 'topics' in asked ? asked.topics.length : 1;
}

/** What an answer to the message must be, beside their number. */
function expectAnswered(asked: ClientFrame | ProtocolError, answers: readonly ServerFrame[]): void {
  expect(answers).toHaveLength(answersDue(asked));
  if (asked instanceof ProtocolError) {
    expect(answers).toEqual([
      { type: 'error', code: asked.code, message: asked.message, temporary: false, ...asked.correlation },
    ]);
    return;
  }
  for (const answer of answers) {
    if (answer.type === 'error') expect(Object.keys(ERROR_CODES)).toContain(answer.code);
    if (asked.type === 'action') expect(answer).toMatchObject({ id: asked.id });
    if ('ref' in asked && asked.ref !== undefined) expect(answer).toMatchObject({ ref: asked.ref });
  }
  if (asked.type === 'ping') expect(answers).toEqual([{ ...asked, type: 'pong' }]);
  if ('topics' in asked) {
    const topics = asked.topics.map((one) => (typeof one === 'string' ? one : one.topic));
    expect(answers.map((answer) => 'topic' in answer && answer.topic).sort()).toEqual(topics.sort());
  }
}

describe('F1: whatever bytes a client sends', () => {
  test('F1: the gate reads a frame or refuses with a typed error', () => {
    const gate = new FrameGate(
      resolveOptions({ limits: UNBOUNDED }, new VirtualEnvironment()).limits,
      { monotonic: () => 0 },
      () => undefined,
    );
    fc.assert(
      fc.property(clientMessage, fc.boolean(), (bytes, binary) => {
        const read = gate.read(bytes, binary);
        if (read.type === 'frame') expect(read.frame).toEqual(understood(bytes));
        else expect(read.error).toBeInstanceOf(RealtimeError);
        if (binary) expect(read.type).toBe('refused');
      }),
      { numRuns: 3_000 },
    );
  });

  test('F1: each message of a welcomed client is answered once for all it asks, and the next one works', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clientMessage, { minLength: 1, maxLength: 12 }), async (messages) => {
        const rig = new ConnectionRig({ limits: UNBOUNDED });
        await rig.welcome();
        for (const bytes of messages) {
          rig.connection.receive(bytes, false);
          expectAnswered(understood(bytes), await rig.heard());
        }
        rig.say({ type: 'action', id: 'last', name: 'rooms/say' });
        expect(await rig.heard()).toEqual([{ type: 'ack', id: 'last' }]);
        expect(rig.socket.closedWith).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('F1: all that is said in one turn with hello is answered too, and nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clientMessage, { minLength: 1, maxLength: 12 }), async (messages) => {
        const rig = new ConnectionRig({
          limits: { ...UNBOUNDED, frames: { ...UNBOUNDED.frames, pipelined: 0, pipelinedBytes: 0 } },
        });
        rig.say({ type: 'hello', clientId: CLIENT_ID });
        for (const bytes of messages) rig.connection.receive(bytes, false);
        const answers = await rig.heard();
        const due = messages.map((bytes) => answersDue(understood(bytes)));
        expect(answers).toHaveLength(1 + due.reduce((sum, count) => sum + count, 0));
        expect(rig.socket.closedWith).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test('F1: ten bad messages end the connection, within the limits, and nothing is answered afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clientMessage, { minLength: 40, maxLength: 60 }), async (messages) => {
        const rig = new ConnectionRig();
        for (const bytes of messages) {
          rig.connection.receive(bytes, false);
          const answers = await rig.heard();
          if (rig.socket.closedWith === undefined) continue;
          expect([4000, 4001, 4003, 4100]).toContain(rig.socket.closedWith);
          rig.say({ type: 'ping' });
          expect(await rig.heard()).toEqual([]);
          expect(answers.length).toBeGreaterThan(0);
          return;
        }
      }),
      { numRuns: 60 },
    );
  });
});
