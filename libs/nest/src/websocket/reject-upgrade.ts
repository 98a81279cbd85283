import { STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { ERROR_CODES } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';

/** Milliseconds a peer may take to read why it was refused. */
const LAST_WORDS = 5_000;

/** Answers an upgrade with an HTTP status and the error as JSON, and ends the socket whatever its peer does. */
export function refuseUpgrade(socket: Duplex, error: RealtimeError): void {
  endWith(socket, ERROR_CODES[error.code].status, error);
}

/** Answers an upgrade of a path where nobody listens. */
export function refuseUnknownPath(socket: Duplex): void {
  respond(socket, 404, JSON.stringify({ message: 'There is no WebSocket at this path.' }), []);
}

function endWith(socket: Duplex, status: number, error: RealtimeError): void {
  const { retryAfter } = error.options;
  const headers = retryAfter === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfter / 1_000)}`];
  respond(socket, status, JSON.stringify(error.toFrame()), headers);
}

function respond(socket: Duplex, status: number, body: string, headers: readonly string[]): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...headers,
  ];
  const end = (): void => {
    socket.destroy();
  };
  if (socket instanceof Socket) socket.setTimeout(LAST_WORDS, end);
  socket.once('finish', end);
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
