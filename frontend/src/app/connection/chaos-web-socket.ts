import type { ChaosSwitches } from './chaos-switches';
import { DelayLine } from './delay-line';
import type { WebSocketLike } from './network';

type CloseEventLike = Parameters<NonNullable<WebSocketLike['onclose']>>[0];

const CUT: CloseEventLike = { code: 1006, reason: '' };

/**
 * A real socket whose network a person can break. In the black hole nothing passes in either direction, and neither end
 * notices, as on a network that has forgotten the connection.
 */
export class ChaosWebSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;

  private readonly inbound: DelayLine;
  private readonly outbound: DelayLine;
  private readonly unregister: () => void;
  private withheld: (() => void)[] = [];

  constructor(
    private readonly socket: WebSocketLike,
    private readonly switches: ChaosSwitches,
  ) {
    this.inbound = new DelayLine(() => switches.delay);
    this.outbound = new DelayLine(() => switches.delay);
    this.unregister = switches.register({ cut: () => this.cut(), release: () => this.release() });
    // The handshake crosses the network twice.
    socket.onopen = (event) => this.outbound.pass(() => this.announce(() => this.onopen?.(event)));
    socket.onerror = (event) => this.announce(() => this.onerror?.(event));
    socket.onclose = (event) => this.announce(() => this.closed(event));
    socket.onmessage = (event) => {
      this.inbound.pass(() => {
        if (!switches.blackHole) this.onmessage?.(event);
      });
    };
  }

  get readyState(): number {
    return this.socket.readyState;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  send(data: string): void {
    this.outbound.pass(() => {
      if (!this.switches.blackHole && this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
    });
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }

  /** When the network is back, both ends learn of the opening and the closing. Messages that were sent before are lost. */
  private announce(tell: () => void): void {
    this.inbound.pass(() => {
      if (this.switches.blackHole) this.withheld.push(tell);
      else tell();
    });
  }

  private release(): void {
    const withheld = this.withheld;
    this.withheld = [];
    for (const tell of withheld) tell();
  }

  private cut(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onerror = this.socket.onclose = null;
    this.withheld = [];
    this.socket.close();
    this.closed(CUT);
  }

  private closed(event: CloseEventLike): void {
    this.unregister();
    this.onclose?.(event);
  }
}
