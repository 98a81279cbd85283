import { utf8Length } from '@statewire/protocol';

import type { Environment, WebSocketLike } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';

const SUBPROTOCOL = 'statewire.v1.json';

export interface WebSocketEvents {
  open(): void;
  text(text: string): void;
  /** The other side or the network ended it; called once, never after `close()`. */
  closed(code: number, reason: string): void;
}

/** Bytes in and out over one WebSocket, alive until it is closed. */
export class WebSocketTransport {
  private readonly socket: WebSocketLike;

  /** @throws whatever the constructor of the host's WebSocket throws, for example under a content security policy. */
  constructor(
    url: string,
    openWebSocket: NonNullable<Environment['openWebSocket']>,
    private readonly metrics: MetricsRecorder,
    events: WebSocketEvents,
  ) {
    this.socket = openWebSocket(url, SUBPROTOCOL);
    this.socket.onopen = () => events.open();
    this.socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      metrics.add('bytesReceived', utf8Length(data));
      events.text(data);
    };
    this.socket.onclose = ({ code, reason }) => {
      this.silence();
      events.closed(code, reason);
    };
    // A close always follows, and tells as much: browsers hide the reason of an error from scripts.
    this.socket.onerror = ignore;
  }

  send(text: string): void {
    this.metrics.add('bytesSent', utf8Length(text));
    this.socket.send(text);
  }

  /** Nothing is reported afterwards. */
  close(code = 1000): void {
    this.silence();
    this.socket.close(code);
  }

  /** `onerror` stays: in Node an error that nobody listens to would end the process. */
  private silence(): void {
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
  }
}

function ignore(): void {}
