import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { mulberry32 } from '../../tools/lib/random.mjs';
import { FaultProxy, type HttpFault } from './support/fault-proxy/index.js';
import { until } from './support/until.js';

const KIB = 1_024;

describe('the fault proxy between a client and an echo server', () => {
  let server: Server;
  let proxy: FaultProxy;
  let accepted: Socket[];

  beforeEach(async () => {
    accepted = [];
    server = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined).pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await FaultProxy.start((server.address() as AddressInfo).port, { random: mulberry32(7) });
  });

  afterEach(async () => {
    await proxy.stop();
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  const open = (): Socket =>
    connect({ port: proxy.port, host: '127.0.0.1', noDelay: true }).on('error', () => undefined);

  /** Sends all bytes, ends, and resolves with the answer when the other side ends too. */
  async function echo(bytes: Buffer): Promise<Buffer[]> {
    const socket = open();
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.end(bytes);
    await closed(socket);
    return chunks;
  }

  /** Resolves when it is closed, with whether that was an error. */
  const closed = (socket: Socket): Promise<boolean> => new Promise((resolve) => socket.once('close', resolve));

  /** A connection over which one byte has been there and back. */
  async function opened(): Promise<Socket> {
    const socket = open();
    socket.write('.');
    await once(socket, 'data');
    return socket;
  }

  const noise = (size: number): Buffer => {
    const random = mulberry32(size);
    return Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
  };
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };

  /** Resolves after a round trip through another proxy, which takes longer than one through this proxy. */
  async function marker(): Promise<void> {
    const other = await FaultProxy.start(proxy.upstream);
    const socket = connect({ port: other.port, host: '127.0.0.1' });
    for (let round = 0; round < 5; round += 1) {
      socket.write('.');
      await once(socket, 'data');
    }
    await other.stop();
  }

  it.each([
    ['nothing', {}, 1_024 * KIB],
    ['latency and jitter', { latency: 5, jitter: 20 }, 512 * KIB],
    ['limited bandwidth', { bytesPerSecond: 256 * KIB }, 64 * KIB],
    ['1-byte slices', { slice: 1 }, 2 * KIB],
    ['all together', { latency: 2, jitter: 5, bytesPerSecond: 64 * KIB, slice: 100 }, 4 * KIB],
  ])('with %s passes all bytes and the end in both directions', async (_, conditions, size) => {
    proxy.conditions = conditions;
    const bytes = noise(size);
    const back = Buffer.concat(await echo(bytes));

    expect(back).toHaveLength(size);
    expect(hash(back)).toBe(hash(bytes));
    expect(accepted[0]!.readableEnded).toBe(true);
  });

  it('passes HTTP on one connection exactly, even with faults enabled', async () => {
    proxy.http('pass');
    const request = (n: number): string => `POST /${n} HTTP/1.1\r\nContent-Length: ${n}\r\n\r\n${'x'.repeat(n)}`;
    const text = [0, 1, 2_000, 3].map(request).join('');
    const unfinished = 'POST /last HTTP/1.1\r\nContent-Length: 10\r\n\r\nnot ten';
    const back = await echo(Buffer.from(text + unfinished));

    expect(Buffer.concat(back).toString()).toBe(text + unfinished);
  });

  it('adds the configured latency and limits the bandwidth', async () => {
    proxy.conditions = { latency: 60 };
    expect(await timed(() => echo(noise(10)))).toBeGreaterThan(110);
    proxy.conditions = { bytesPerSecond: 40 * KIB };
    expect(await timed(() => echo(noise(16 * KIB)))).toBeGreaterThan(350);
  });

  it('sends each byte as a segment when it slices', async () => {
    proxy.conditions = { slice: 1 };
    const write = jest.spyOn(Socket.prototype, 'write');
    await echo(noise(200));
    const { calls, contexts } = write.mock;
    const sizes = calls.flatMap(([bytes], call) =>
      accepted.includes(contexts[call] as Socket) ? [] : [(bytes as Uint8Array).length],
    );
    write.mockRestore();

    expect(sizes).toEqual(Array<number>(2 * 200).fill(1));
  });

  it('holds all bytes during a freeze and delivers them afterwards', async () => {
    const socket = await opened();
    const heard: string[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    const took = await timed(async () => {
      proxy.tunnels[0]!.freeze(150);
      socket.write('late');
      await once(socket, 'data');
    });

    expect(took).toBeGreaterThan(140);
    expect(heard.join('')).toBe('late');
  });

  it.each(['to-server', 'to-client', 'both'] as const)(
    'drops the bytes of one direction in a black hole (%s)',
    async (direction) => {
      const socket = await opened();
      proxy.blackhole('all', direction);
      const later = open();
      const heard: Socket[] = [];
      for (const each of [socket, later]) each.on('data', () => heard.push(each));
      const arrivals: number[] = [];
      accepted[0]!.on('data', (chunk: Buffer) => arrivals.push(chunk.length));
      socket.write('abc');
      later.write('def');
      await marker();

      expect(arrivals).toEqual(direction === 'to-client' ? [3] : []);
      expect(heard).toEqual([]);
      const both = Promise.all([once(socket, 'data'), once(later, 'data')]);
      proxy.restore();
      await both;
    },
  );

  it('resets or ends both sides', async () => {
    for (const [how, error] of [
      ['cut', true],
      ['end', false],
    ] as const) {
      const socket = await opened();
      const tunnel = proxy.tunnels.at(-1)!;
      const ends = Promise.all([closed(socket), closed(accepted.at(-1)!)]);
      socket.resume();
      tunnel[how]();
      if (how === 'end') accepted.at(-1)!.end();
      const [ofClient] = await ends;

      expect(ofClient).toBe(error);
    }
    expect(proxy.tunnels).toHaveLength(0);
  });

  it.each(['client', 'server'] as const)('leaves a connection half open without the %s', async (gone) => {
    const socket = await opened();
    const [ofClient, ofServer] = [socket, accepted[0]!];
    const [told, untold] = gone === 'client' ? [ofClient, ofServer] : [ofServer, ofClient];
    let knows = false;
    untold.on('close', () => (knows = true));
    const end = closed(told);
    proxy.tunnels[0]!.halfOpen(gone);
    await end;
    untold.write('is there anybody?');
    await marker();

    expect(knows).toBe(false);
    const learns = closed(untold);
    proxy.restore();
    await learns;
  });

  it('applies faults to one connection or to all', async () => {
    const [first, second] = [await opened(), await opened()];
    proxy.tunnels[0]!.conditions = { latency: 3_600_000 };
    const heard: string[] = [];
    for (const socket of [first, second]) socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    first.write('a');
    second.write('b');
    await once(second, 'data');
    await marker();

    expect(heard).toEqual(['b']);
  });
});

describe('the fault proxy between a client and an HTTP server', () => {
  const server = createHttpServer((request, response) => {
    request.resume().on('end', () => {
      answered += 1;
      response.end(JSON.stringify({ path: request.url, answer: 'x'.repeat(1_000) }));
    });
  });
  let answered = 0;
  let proxy: FaultProxy;

  beforeEach(async () => {
    answered = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await FaultProxy.start((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    await proxy.stop();
    server.closeAllConnections();
    server.close();
  });

  const post = async (
    fault: HttpFault,
    signal: AbortSignal | null = null,
  ): Promise<{ status: number; complete: boolean }> => {
    proxy.http(fault);
    const response = await fetch(`${proxy.origin}/path`, {
      method: 'POST',
      body: 'body',
      signal,
    });
    const text = await response.text().catch(() => '');
    return { status: response.status, complete: text.endsWith('x"}') };
  };
  const settled = (count: number): Promise<void> =>
    until(
      () => answered >= count,
      () => `${answered} are answered`,
    );

  it.each<[HttpFault, number, { status: number; complete: boolean }]>([
    ['pass', 1, { status: 200, complete: true }],
    ['duplicate', 2, { status: 200, complete: true }],
    ['replay', 2, { status: 200, complete: true }],
    ['truncate', 1, { status: 200, complete: false }],
    ['bad-gateway', 0, { status: 502, complete: false }],
    ['answer-lost', 1, { status: 504, complete: false }],
  ])('applies the fault "%s" to a request: the server receives it %d times', async (fault, times, expected) => {
    expect(await post(fault)).toEqual(expected);
    await settled(times);
    // The connection, or another one, is as good as ever.
    expect(await post('pass')).toEqual({ status: 200, complete: true });
    expect(answered).toBe(times + 1);
  });

  it('never answers a request with the fault "hang"', async () => {
    const client = new AbortController();
    const hung = post('hang', client.signal).catch(({ name }: Error) => name);
    await until(
      () => proxy.injected.get('hang') === 1,
      () => 'the request has not arrived',
    );
    expect(await post('pass')).toEqual({ status: 200, complete: true });
    expect(answered).toBe(1);
    client.abort();
    expect(await hung).toBe('AbortError');
  });
});
