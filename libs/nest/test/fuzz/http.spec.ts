import { Agent, request } from 'node:http';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ERROR_CODES } from '@statewire/protocol';
import fc from 'fast-check';

import { TestApplication } from '../support/test-application.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';
import { CLIENT_ID } from '../support/transports.js';
import { corrupted, misshapen } from '../support/client-messages.js';
import { expectPrototypesUnchanged, rememberPrototypes } from '../support/prototypes.js';

const POLLS: readonly object[] = [
  { clientId: CLIENT_ID, topics: [{ topic: 'battles/1' }, { topic: 'notices', since: 'oldest' }] },
  { clientId: CLIENT_ID, topics: [{ topic: 'battles/2', since: { epoch: 'e1', offset: 3 } }], wait: 0 },
];
const ACTIONS: readonly object[] = [
  { clientId: CLIENT_ID, id: 'a1', name: 'double', data: { n: 2, list: [1, { deep: [null, true] }] } },
  { clientId: CLIENT_ID, id: 'a2', name: 'fail' },
];

const PUBLICATIONS: readonly object[] = [
  { topic: 'battles/1', data: { hp: 10, list: [1, { deep: [null, true] }] } },
  {
    publications: [
      { topic: 'notices', data: 'a' },
      { topic: 'battles/2', data: { hp: 1 } },
    ],
  },
];
const TOKEN = 'service-token-0123456789abcdefghij';

const limits = { frames: { perSecond: 0, perSecondPerAddress: 0, malformed: 0 } };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let arena: TestApplication;

beforeAll(async () => {
  rememberPrototypes();
  const realtime = { authenticate, limits, httpPublish: { tokens: [TOKEN] } };
  arena = await TestApplication.start({ realtime, providers: arenaProviders });
});

afterAll(async () => {
  agent.destroy();
  await arena.close();
});

function ask(path: string, body: Buffer): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      ...(path.endsWith('publish') && { authorization: `Bearer ${TOKEN}` }),
    };
    const asked = request({ host: '127.0.0.1', port: arena.port, method: 'POST', path, headers, agent }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The server answers 500 only if a handler throws. The handler of `double` does so without data. */
function throwsInHandler(body: Buffer): boolean {
  const { name, data } = JSON.parse(body.toString()) as { name?: unknown; data?: unknown };
  return name === 'fail' || (name === 'double' && (data === undefined || data === null));
}

const bodies = (valid: readonly object[]): fc.Arbitrary<Buffer> =>
  fc.oneof(
    corrupted(valid.map((body) => JSON.stringify(body))),
    misshapen(valid).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );

test.each([
  ['poll', POLLS],
  ['actions', ACTIONS],
  ['publish', PUBLICATIONS],
])('F1: a mutated body of %s gets a valid answer or a typed error with its status', async (endpoint, valid) => {
  const path = `/realtime/${endpoint}`;
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(bodies(valid), async (body) => {
      const { status, text } = await ask(path, body);
      seen.add(status);
      const answer = JSON.parse(text) as { type?: string; code: keyof typeof ERROR_CODES; frames?: unknown[] };
      expect(text).not.toContain('secret of the server');
      if (status === 200) {
        if (endpoint === 'poll') expect(answer.frames).toBeInstanceOf(Array);
        else if (endpoint === 'publish') expect('offset' in answer || 'results' in answer).toBe(true);
        else expect(answer).toMatchObject({ type: 'ack', id: expect.any(String) });
        return;
      }
      expect(answer).toMatchObject({ type: 'error', message: expect.any(String), temporary: expect.any(Boolean) });
      expect(status).toBe(ERROR_CODES[answer.code].status);
      if (status === 500) expect(throwsInHandler(body)).toBe(true);
    }),
    { numRuns: process.env.STATEWIRE_TEST_TIER === 'full' ? 300 : 100 },
  );
  // Some messages must be accepted and some rejected, otherwise the test proves nothing.
  expect(seen).toContain(200);
  expect(seen).toContain(400);
  expectPrototypesUnchanged();
  // An id that no body above has, with other data.
  const next = JSON.stringify({ ...valid[0], ...(endpoint === 'actions' && { id: 'the-next-one' }) });
  expect((await ask(path, Buffer.from(next))).status).toBe(200);
});
