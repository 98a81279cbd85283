import { createHmac, generateKeyPairSync } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RealtimeConnections, RealtimeMetrics } from '@statewire/nest';
import type { Session } from '@statewire/arena';
import { RawSocket, until } from '@statewire/verification/faults';
import { SignJWT } from 'jose';

import { ARENA_CONFIG, type ArenaConfig } from '../src/config/arena-config.js';
import { TokenService } from '../src/session/token.service.js';
import { Arena, authorization } from './support/arena.js';

const CLIENT_ID = 'a-client-id-of-this-test-0123';

const lines: string[] = [];
const write = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));

const encode = (value: object | string | Buffer): string =>
  Buffer.from(typeof value === 'object' && !Buffer.isBuffer(value) ? JSON.stringify(value) : value).toString(
    'base64url',
  );

let arena: Arena;
let session: Session;

beforeAll(async () => {
  arena = await Arena.start({ logger: { log: write, warn: write, error: write, debug: write, verbose: write } });
  session = await arena.session();
});

afterAll(() => arena.stop());

interface Claims {
  readonly issuer?: string;
  readonly audience?: string;
  readonly secret?: Uint8Array;
  readonly algorithm?: string;
  readonly subject?: string;
  readonly expires?: string;
}

/** A valid token with the given changes. */
function sign({ issuer = 'statewire-arena', audience = 'statewire-arena-players', ...rest }: Claims): Promise<string> {
  const {
    secret = arena.app.get<ArenaConfig>(ARENA_CONFIG).secret,
    algorithm = 'HS256',
    subject,
    expires = '1h',
  } = rest;
  const token = new SignJWT({ name: 'Mallory' }).setProtectedHeader({ alg: algorithm }).setIssuer(issuer);
  return token
    .setAudience(audience)
    .setSubject(subject ?? session.playerId)
    .setExpirationTime(expires)
    .sign(secret);
}

const FORGED: readonly (readonly [string, () => Promise<string> | string])[] = [
  ['no token at all', () => 'no-token-at-all'],
  ['of another secret', () => sign({ secret: new Uint8Array(32) })],
  ['for another audience', () => sign({ audience: 'somebody-else' })],
  ['of another issuer', () => sign({ issuer: 'somebody-else' })],
  ['signed with another algorithm of the same secret', () => sign({ algorithm: 'HS512', secret: new Uint8Array(64) })],
  ['with alg: none and no signature', () => `${encode({ alg: 'none' })}.${session.token.split('.')[1]}.`],
  [
    'with alg: none and the old signature',
    () => [encode({ alg: 'none' }), ...session.token.split('.').slice(1)].join('.'),
  ],
  ['with alg: NONE', () => `${encode({ alg: 'NONE' })}.${session.token.split('.')[1]}.`],
  ['without its signature', () => session.token.split('.').slice(0, 2).join('.') + '.'],
  ['with another signature', () => session.token.split('.').slice(0, 2).join('.') + '.AAAA'],
  [
    'with other claims under the old signature',
    () => {
      const [head, payload, signature] = session.token.split('.');
      const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as object;
      return [head, encode({ ...claims, sub: 'mallory' }), signature].join('.');
    },
  ],
  [
    'that brings its own key',
    () => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const key = publicKey.export({ format: 'pem', type: 'spki' });
      const head = encode({ alg: 'HS256', jwk: publicKey.export({ format: 'jwk' }) });
      const text = `${head}.${session.token.split('.')[1]}`;
      return `${text}.${encode(createHmac('sha256', key).update(text).digest())}`;
    },
  ],
];

async function closedAfterHello(token: string): Promise<number> {
  const socket = new RawSocket(arena.origin);
  await socket.open();
  socket.send({ type: 'hello', clientId: CLIENT_ID, token });
  return socket.closed;
}

/** The statuses of every request over HTTP. */
async function statuses(token: string): Promise<readonly number[]> {
  const headers = authorization({ token });
  const answers = [
    await arena.post('/realtime/poll', { clientId: CLIENT_ID, topics: [] }, headers),
    await arena.post('/realtime/actions', { clientId: CLIENT_ID, id: '1', name: 'runs/start' }, headers),
    await arena.get('/realtime/snapshot?topic=lobby', headers),
  ];
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  return answers.map(({ status }) => status);
}

describe('A2: a token', () => {
  it.each(FORGED)('%s is rejected before the upgrade, at hello and over HTTP', async (_, make) => {
    const token = await make();

    expect(await new RawSocket(arena.origin, { headers: authorization({ token }) }).rejected()).toBe(401);
    expect(await closedAfterHello(token)).toBe(4003);
    expect(await statuses(token)).toEqual([401, 401, 401]);
  });

  it('that has expired is rejected as expired, so the client gets a new one', async () => {
    const { token } = await arena.app.get(TokenService).issue(session, -1_000);

    expect(await new RawSocket(arena.origin, { headers: authorization({ token }) }).rejected()).toBe(401);
    expect(await closedAfterHello(token)).toBe(4202);
    expect(await statuses(token)).toEqual([401, 401, 401]);
  });

  it('is optional: a guest may watch but not act', async () => {
    const socket = new RawSocket(arena.origin);
    await socket.open();
    socket.send(
      { type: 'hello', clientId: CLIENT_ID },
      { type: 'action', id: '1', name: 'runs/start' },
      { type: 'subscribe', topics: [{ topic: `players/${session.playerId}/notifications` }] },
    );

    expect(await socket.frame('error', ({ id }) => id === '1')).toMatchObject({ code: 'unauthorized' });
    expect((await socket.frame('error', ({ topic }) => topic !== undefined)).code).toMatch(
      /^(unauthorized|forbidden)$/,
    );
    socket.close();
  });

  it('that is revoked ends its connection and its held poll', async () => {
    const headers = authorization(session);
    const socket = new RawSocket(arena.origin);
    await socket.open();
    socket.send({ type: 'hello', clientId: CLIENT_ID, token: session.token });
    await socket.frame('welcome');
    const topic = `players/${session.playerId}/notifications`;
    const first = (await (
      await arena.post('/realtime/poll', { clientId: CLIENT_ID, topics: [{ topic }] }, headers)
    ).json()) as {
      frames: { epoch: string; offset: number }[];
    };
    const { epoch, offset } = first.frames[0]!;
    const polls = (): number => arena.app.get(RealtimeMetrics).snapshot().counters.pollsHeld;
    const before = polls();
    const held = arena.post(
      '/realtime/poll',
      { clientId: CLIENT_ID, topics: [{ topic, since: { epoch, offset } }], wait: 20 },
      headers,
    );
    await until(
      () => polls() > before,
      () => 'the poll is not held',
    );

    await arena.app.get(RealtimeConnections).revoke({ user: session.playerId });
    expect(await socket.closed).toBe(4003);
    // A poll that ends in its time is answered with 200.
    expect((await held).status).toBe(401);
  });

  it('appears in no log line, not even in part', async () => {
    const tokens = [session.token, ...(await Promise.all(FORGED.map(async ([, make]) => make())))];
    const parts = tokens.flatMap((token) => [token, ...token.split('.')]).filter((part) => part.length >= 8);
    const text = lines.join('\n');

    expect(lines.some((line) => line.includes('hello-rejected'))).toBe(true);
    expect(parts.filter((part) => text.includes(part))).toEqual([]);
    expect(text).not.toContain(CLIENT_ID);
  });
});
