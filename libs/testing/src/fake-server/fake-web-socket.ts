import type { WebSocketLike } from '../time/environment.js';

/** The client's end of a WebSocket to a {@link FakeServer}. */
export class FakeWebSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readyState = 0;
  bufferedAmount = 0;

  constructor(
    private readonly onSend: (text: string) => void,
    private readonly onClientClose: (code: number) => void,
  ) {}

  send(text: string): void {
    if (this.readyState === 0) throw new Error('The WebSocket is not open yet. Send after its open event.');
    if (this.readyState === 1) this.onSend(text);
  }

  close(code = 1000): void {
    if (this.readyState >= 2) return;
    this.readyState = 3;
    this.onClientClose(code);
  }

  /** The answer to the upgrade arrives: 101. */
  receiveOpen(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.({});
  }

  /** A message of the server arrives. */
  receiveText(text: string): void {
    if (this.readyState === 1) this.onmessage?.({ data: text });
  }

  /** The end of the connection arrives. 1006: without a close frame. */
  receiveClose(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (code === 1006) this.onerror?.({});
    this.onclose?.({ code, reason });
  }
}
