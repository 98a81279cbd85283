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

import { InboundQueue, type FrameRunner } from '../../src/websocket/inbound-queue.js';
import { resolveOptions } from '../../src/core/resolve-options.js';
import { CLIENT_ID, ConnectionRig } from '../support/connection-rig.js';
import { clientMessage } from '../support/client-messages.js';
import { expectPrototypesUnchanged, rememberPrototypes } from '../support/prototypes.js';

/** The long tier sends this many times as many messages. */
const TIMES = process.env.STATEWIRE_TEST_TIER === 'full' ? 3 : 1;

/** No limits, so that the test covers the decoder alone. */
const UNBOUNDED = {
  frames: { malformed: 0, rejected: 0, perSecond: 0, waiting: 0 },
  connections: { subscriptions: 0 },
};

beforeEach(rememberPrototypes);
afterEach(expectPrototypesUnchanged);

/** The parsed frame, or the error. */
function understood(bytes: Buffer): ClientFrame | ProtocolError {
  try {
    return parseClientFrame(bytes.toString(), CLIENT_FRAME_LIMITS);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** The result of one message in a queue with an admitted client. */
function receive(bytes: Buffer, binary: boolean): { readonly ran: ClientFrame[]; readonly errors: string[] } {
  const environment = new VirtualEnvironment();
  const { limits } = resolveOptions({ limits: UNBOUNDED }, environment);
  const [ran, errors]: [ClientFrame[], string[]] = [[], []];
  const run = (frame: ClientFrame): void => void ran.push(frame);
  const runner: FrameRunner = {
    phase: 'open',
    isParallel: () => false,
    admit: async (frame) => run(frame),
    authenticate: async (frame) => run(frame),
    act: async (frame) => run(frame),
    answerPing: run,
    forget: () => undefined,
    changeTopics: run,
    send: ({ code }) => void errors.push(code),
    close: () => undefined,
    reportBadFrame: () => undefined,
    settled: () => undefined,
  };
  const topics = { has: () => false, settled: true, waiting: 0 };
  const socket = { pause: () => undefined, resume: () => undefined };
  const queue = new InboundQueue({ runner, topics, socket, limits, clock: environment, rejectShared: () => undefined });
  queue.receive(bytes, binary);
  return { ran, errors };
}

/** The expected number of answers after `welcome`. */
function answersDue(asked: ClientFrame | ProtocolError): number {
  if (asked instanceof ProtocolError) return 1;
  if (asked.type === 'pong') return 0;
  return 'topics' in asked ? asked.topics.length : 1;
}

/** The expected form of each answer. */
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

describe('F1: random bytes from a client', () => {
  test('F1: run as a frame or get a typed error', () => {
    fc.assert(
      fc.property(clientMessage, fc.boolean(), (bytes, binary) => {
        const { errors, ran } = receive(bytes, binary);
        const frame = understood(bytes);
        if (binary) expect([ran, errors]).toEqual([[], ['bad_request']]);
        else if (frame instanceof ProtocolError) expect([ran, errors]).toEqual([[], [frame.code]]);
        else if (frame.type === 'hello') expect([ran, errors]).toEqual([[], ['bad_request']]);
        else expect([ran, errors]).toEqual([frame.type === 'pong' ? [] : [frame], []]);
      }),
      { numRuns: 1_000 * TIMES },
    );
  });

  test('F1: get their answers, and the next message works', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clientMessage, { minLength: 1, maxLength: 12 }), async (messages) => {
        const rig = new ConnectionRig({ limits: UNBOUNDED });
        await rig.welcome();
        for (const bytes of messages) {
          rig.connection.receive(bytes, false);
          expectAnswered(understood(bytes), await rig.received());
        }
        rig.send({ type: 'action', id: 'last', name: 'rooms/say' });
        expect(await rig.received()).toEqual([{ type: 'ack', id: 'last' }]);
        expect(rig.socket.closedWith).toBeUndefined();
      }),
      { numRuns: 100 * TIMES },
    );
  });

  test('F1: get one answer each when sent together with hello', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clientMessage, { minLength: 1, maxLength: 12 }), async (messages) => {
        const rig = new ConnectionRig({
          limits: { ...UNBOUNDED, frames: { ...UNBOUNDED.frames, pipelined: 0, pipelinedBytes: 0 } },
        });
        rig.send({ type: 'hello', clientId: CLIENT_ID });
        for (const bytes of messages) rig.connection.receive(bytes, false);
        const answers = await rig.received();
        const due = messages.map((bytes) => answersDue(understood(bytes)));
        expect(answers).toHaveLength(1 + due.reduce((sum, count) => sum + count, 0));
        expect(rig.socket.closedWith).toBeUndefined();
      }),
      { numRuns: 70 * TIMES },
    );
  });

  test('F1: end the connection after ten malformed messages, without later answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clientMessage, { minLength: 40, maxLength: 60 }), async (messages) => {
        const rig = new ConnectionRig();
        for (const bytes of messages) {
          rig.connection.receive(bytes, false);
          const answers = await rig.received();
          if (rig.socket.closedWith === undefined) continue;
          expect([4000, 4001, 4003, 4100]).toContain(rig.socket.closedWith);
          rig.send({ type: 'ping' });
          expect(await rig.received()).toEqual([]);
          expect(answers.length).toBeGreaterThan(0);
          return;
        }
      }),
      { numRuns: 20 * TIMES },
    );
  });
});
