import type { Socket } from 'node:net';

import type { HttpFault } from './faults.js';
import type { RawRequest } from './request-splitter.js';
import type { Tunnel } from './tunnel.js';

const REASONS = { 502: 'Bad Gateway', 504: 'Gateway Timeout' };

/** Injects a fault into one request of a tunnel. `open` opens another connection to the same server. */
export async function applyHttpFault(
  fault: HttpFault,
  tunnel: Tunnel,
  { bytes }: RawRequest,
  open: () => Socket,
): Promise<void> {
  switch (fault) {
    case 'pass':
      return tunnel.up.push(bytes);
    case 'hang':
      return;
    case 'duplicate':
      tunnel.up.push(bytes);
      return deliver(open(), bytes);
    case 'replay':
      tunnel.up.push(bytes);
      await answered(tunnel.server);
      return deliver(open(), bytes);
    case 'truncate':
      tunnel.down.hold();
      truncateAnswer(tunnel, open(), bytes);
      return;
    case 'bad-gateway':
      return answer(tunnel, 502);
    case 'answer-lost':
      await deliver(open(), bytes);
      return answer(tunnel, 504);
  }
}

/** Sends a request on another connection. Resolves with its answer or the end of the connection. */
async function deliver(server: Socket, bytes: Buffer): Promise<void> {
  server.write(bytes);
  await answered(server);
  server.destroy();
}

function answered(server: Socket): Promise<void> {
  return new Promise((resolve) => server.once('data', () => resolve()).once('close', () => resolve()));
}

function truncateAnswer(tunnel: Tunnel, server: Socket, bytes: Buffer): void {
  server.write(bytes);
  server.once('data', (chunk: Buffer) => {
    const body = chunk.indexOf('\r\n\r\n') + 4;
    const half = body + Math.floor((chunk.length - body) / 2);
    tunnel.client.write(chunk.subarray(0, half), () => tunnel.cut());
    server.destroy();
  });
}

function answer(tunnel: Tunnel, status: 502 | 504): void {
  const page = '<html>Not from the server.</html>';
  const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: text/html\r\nContent-Length: ${page.length}`;
  tunnel.down.push(Buffer.from(`${head}\r\n\r\n${page}`));
}
