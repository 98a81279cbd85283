import { WebSocket } from 'ws';

import type { ConnectionSocket } from './connection-context.js';
import type { Connection } from './connection.js';
import { WsFrameSocket } from '../delivery/ws-internals.js';

/** A WebSocket that knows its connection, so that all sockets share the same listeners. */
export class RealtimeSocket extends WebSocket implements ConnectionSocket {
  private connection!: Connection;
  private writer: WsFrameSocket | undefined;

  /** Made on first use, when the socket is open and its extensions are known. */
  get frames(): WsFrameSocket {
    return (this.writer ??= new WsFrameSocket(this));
  }

  /** Passes messages and the end of the socket to the connection from now on. */
  attach(connection: Connection): void {
    this.connection = connection;
    this.on('message', onMessage).on('ping', onControl).on('pong', onControl).on('close', onClose).on('error', onError);
  }

  /** @internal */
  static connectionOf(socket: WebSocket): Connection {
    return (socket as RealtimeSocket).connection;
  }
}

function onMessage(this: WebSocket, data: unknown, binary: boolean): void {
  RealtimeSocket.connectionOf(this).receive(data as Buffer, binary);
}

function onControl(this: WebSocket): void {
  RealtimeSocket.connectionOf(this).receiveControl();
}

function onClose(this: WebSocket): void {
  RealtimeSocket.connectionOf(this).gone();
}

// ws has already sent a close code (1002, 1007 or 1009), and `close` follows.
function onError(): void {}
