import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

import { SERVICE_RESTART } from '../websocket/closing.js';
import { ConnectionHub } from '../websocket/connection-hub.js';
import type { Connection } from '../websocket/connection.js';
import type { Environment } from '../core/environment.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { ENVIRONMENT, REALTIME_OPTIONS } from '../core/tokens.js';
import { InFlight } from '../core/in-flight.js';
import { DrainState } from '../core/drain-state.js';

/** Milliseconds between two batches. */
const BATCH_PAUSE = 50;
/** Batches are told within this part of the window, so that the last ones have a window too. */
const TELLING_SHARE = 0.5;
/** Milliseconds for actions in flight and for closing handshakes after the window. */
const GRACE = 4_000;

/**
 * Empties the node before it goes: clients are told in batches, come back elsewhere at a random moment of the window,
 * and who is left when it ends is closed with 1012. Actions in flight finish first.
 */
@Injectable()
export class Drain implements BeforeApplicationShutdown {
  constructor(
    private readonly hub: ConnectionHub,
    private readonly state: DrainState,
    private readonly inFlight: InFlight,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.state.begin();
    const left = this.left();
    const deadline = this.environment.monotonic() + this.options.drain.window;
    await this.tell(this.hub.all(), deadline, left);
    await this.wait(deadline - this.environment.monotonic(), left);
    for (const connection of this.hub.all()) connection.closeAfterActions(SERVICE_RESTART);
    await this.wait(GRACE, left);
    for (const connection of this.hub.all()) connection.terminate(SERVICE_RESTART);
    this.state.end();
  }

  /** Resolves when nobody is connected and no action runs. While either is so, the other may begin anew. */
  private async left(): Promise<void> {
    while (this.hub.size > 0 || !this.inFlight.none) await Promise.all([this.hub.empty(), this.inFlight.idle()]);
  }

  private async tell(connections: readonly Connection[], deadline: number, left: Promise<unknown>): Promise<void> {
    const { batch, window } = this.options.drain;
    const pause = Math.min(BATCH_PAUSE, (window * TELLING_SHARE * batch) / connections.length);
    for (let told = 0; told < connections.length; told += batch) {
      if (told > 0) await this.wait(pause, left);
      const reconnectWithin = Math.max(0, Math.round(deadline - this.environment.monotonic()));
      for (const connection of connections.slice(told, told + batch)) connection.drain(reconnectWithin);
    }
  }

  /** Waits so long, or until everybody has left. */
  private wait(delay: number, left: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.environment.setTimer(resolve, delay);
      void left.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
