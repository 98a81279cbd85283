import type { WebSocketLike } from './network';

/** A socket on a network that is cut. It behaves as in a browser when no server answers. */
export class SeveredWebSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly bufferedAmount = 0;
  readyState: number = WebSocket.CONNECTING;

  constructor() {
    setTimeout(() => {
      this.readyState = WebSocket.CLOSED;
      this.onclose?.({ code: 1006, reason: '' });
    });
  }

  send(): void {}

  close(): void {}
}
