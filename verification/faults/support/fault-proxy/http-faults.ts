import type { Socket } from 'node:net';

import type { HttpFate } from './faults.js';
import type { RawRequest } from './request-splitter.js';
import type { Tunnel } from './tunnel.js';

const REASONS = { 502: 'Bad Gateway', 504: 'Gateway Timeout' };

/** Does to one request of a tunnel what was decided. `open` makes another connection to the same server. */
export async function meet(fate: HttpFate, tunnel: Tunnel, { bytes }: RawRequest, open: () => Socket): Promise<void> {
  switch (fate) {
    case 'pass':
      return tunnel.up.push(bytes);
    case 'hang':
      return;
    case 'twice':
      tunnel.up.push(bytes);
      return deliver(open(), bytes);
    case 'replayed':
      tunnel.up.push(bytes);
      await heard(tunnel.server);
      return deliver(open(), bytes);
    case 'cut':
      tunnel.down.hold();
      cutAnswer(tunnel, open(), bytes);
      return;
    case 502:
      return answer(tunnel, fate);
    case 504:
      await deliver(open(), bytes);
      return answer(tunnel, fate);
  }
}

/** Resolves when the request was answered, or the connection is over. */
async function deliver(server: Socket, bytes: Buffer): Promise<void> {
  server.write(bytes);
  await heard(server);
  server.destroy();
}

function heard(server: Socket): Promise<void> {
  return new Promise((resolve) => server.once('data', () => resolve()).once('close', () => resolve()));
}

function cutAnswer(tunnel: Tunnel, server: Socket, bytes: Buffer): void {
  server.write(bytes);
  server.once('data', (chunk: Buffer) => {
    const body = chunk.indexOf('\r\n\r\n') + 4;
    const half = body + Math.floor((chunk.length - body) / 2);
    tunnel.client.write(chunk.subarray(0, half), () => tunnel.reset());
    server.destroy();
  });
}

function answer(tunnel: Tunnel, status: 502 | 504): void {
  const page = '<html>Not from the server.</html>';
  const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: text/html\r\nContent-Length: ${page.length}`;
  tunnel.down.push(Buffer.from(`${head}\r\n\r\n${page}`));
}
