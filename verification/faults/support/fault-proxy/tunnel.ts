import type { Socket } from 'node:net';

import type { Side, Way, Weather } from './faults.js';
import { Pump } from './pump.js';

/** One connection through the proxy, and what can be done to it. */
export class Tunnel {
  /** How its bytes travel; the proxy's own where it is undefined. */
  weather: Weather | undefined;
  readonly up: Pump;
  readonly down: Pump;

  constructor(
    readonly client: Socket,
    readonly server: Socket,
    readonly isWebSocket: boolean,
    weather: () => Weather,
    random: () => number,
  ) {
    const current = (): Weather => this.weather ?? weather();
    this.up = new Pump(client, server, current, random);
    this.down = new Pump(server, client, current, random);
    for (const { from } of [this.up, this.down]) from.resume();
    this.#tellEnd(this.up);
    this.#tellEnd(this.down);
  }

  get isOpen(): boolean {
    return !this.client.destroyed;
  }

  /** Everything on this way is lost until `release`, the end of the connection too. */
  hold(way: Way): void {
    if (way !== 'to-client') this.up.hold();
    if (way !== 'to-server') this.down.hold();
  }

  release(): void {
    this.up.release();
    this.down.release();
  }

  /** Held both ways for so many milliseconds, then all of it is passed on. */
  freeze(milliseconds: number): void {
    this.hold('both');
    setTimeout(() => this.release(), milliseconds);
  }

  /** Both sides are told at once, by RST. */
  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  /** Both sides are told at once, by FIN, without a close frame. */
  end(): void {
    this.client.destroy();
    this.server.destroy();
  }

  /** One side is gone, and the other is not told before `release`. */
  halfOpen(gone: Side): void {
    this.hold('both');
    this[gone].resetAndDestroy();
  }

  #tellEnd(pump: Pump): void {
    let hasEnded = false;
    pump.from.on('end', () => {
      hasEnded = true;
      pump.finish('fin');
    });
    pump.from.on('close', () => {
      if (!hasEnded) pump.finish('reset');
    });
  }
}
