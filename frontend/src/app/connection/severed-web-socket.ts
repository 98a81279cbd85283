import type { WebSocketLike } from './network';

/** A socket on a wire that is cut: what a browser shows when nobody answers at the other end. */
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
