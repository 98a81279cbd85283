import type { WebSocketLike } from '../time/environment.js';

/** Both ends of a WebSocket without a network between them but the one that {@link FakeServer} plays. */
export class FakeSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readyState = 0;
  bufferedAmount = 0;

  constructor(
    private readonly toServer: (text: string) => void,
    private readonly onClientClose: (code: number) => void,
  ) {}

  send(text: string): void {
    if (this.readyState === 0) throw new Error('A socket that is not open cannot send.');
    if (this.readyState === 1) this.toServer(text);
  }

  close(code = 1000): void {
    if (this.readyState >= 2) return;
    this.readyState = 3;
    this.onClientClose(code);
  }

  acceptedByServer(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.({});
  }

  textFromServer(text: string): void {
    if (this.readyState === 1) this.onmessage?.({ data: text });
  }

  closedByServer(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (code === 1006) this.onerror?.({});
    this.onclose?.({ code, reason });
  }
}
