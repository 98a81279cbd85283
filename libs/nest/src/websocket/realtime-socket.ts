import { WebSocket } from 'ws';

import type { ConnectionSocket } from './connection-socket.js';
import type { Connection } from './connection.js';
import { WsFrameSocket } from '../delivery/ws-internals.js';

/** A socket of ours: it knows its connection, so that listeners are shared by all sockets and cost nothing. */
export class RealtimeSocket extends WebSocket implements ConnectionSocket {
  private connection!: Connection;
  private writer: WsFrameSocket | undefined;

  /** Made when the socket is open: what is written depends on the extensions that were agreed. */
  get frames(): WsFrameSocket {
    return (this.writer ??= new WsFrameSocket(this));
  }

  /** Tells the connection what arrives from now on. */
  tell(connection: Connection): void {
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

// ws has chosen the close code already (1002, 1007, 1009); `close` follows.
function onError(): void {}
