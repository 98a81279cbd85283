import type { Socket } from 'node:net';

import type { Conditions, Direction, Side } from './faults.js';
import { Pump } from './pump.js';

/** One connection through the proxy, with its faults. */
export class Tunnel {
  /** Conditions of this connection. Undefined: the conditions of the proxy. */
  conditions: Conditions | undefined;
  readonly up: Pump;
  readonly down: Pump;

  constructor(
    readonly client: Socket,
    readonly server: Socket,
    readonly isWebSocket: boolean,
    conditions: () => Conditions,
    random: () => number,
  ) {
    const current = (): Conditions => this.conditions ?? conditions();
    this.up = new Pump(client, server, current, random);
    this.down = new Pump(server, client, current, random);
    for (const { from } of [this.up, this.down]) from.resume();
    this.#tellEnd(this.up);
    this.#tellEnd(this.down);
  }

  get isOpen(): boolean {
    return !this.client.destroyed;
  }

  /** Holds everything in this direction back until `release`, also the end of the connection. */
  blackhole(direction: Direction): void {
    if (direction !== 'to-client') this.up.hold();
    if (direction !== 'to-server') this.down.hold();
  }

  /** Delivers held bytes. */
  release(): void {
    this.up.release();
    this.down.release();
  }

  /** Holds everything back for `ms`, and then delivers it. */
  freeze(ms: number): void {
    this.blackhole('both');
    setTimeout(() => this.release(), ms);
  }

  /** Resets the connection: both ends receive RST at once. */
  cut(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  /** Ends the connection without a close frame: both ends receive FIN at once. */
  end(): void {
    this.client.destroy();
    this.server.destroy();
  }

  /** Resets one end. The other end does not notice before `release`. */
  halfOpen(notified: Side): void {
    this.blackhole('both');
    this[notified].resetAndDestroy();
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
