import type { VirtualProcess } from '@statewire/client/testing';

import type { Broker } from '../broker/broker.js';
import { MemoryBroker } from '../broker/memory-broker.js';
import type { RealtimeLog } from '../lifecycle/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';

/** A memory broker on a process of its own: what it remembers outlives the servers that use it one after the other. */
export class LastingBroker {
  private broker: MemoryBroker | undefined;

  constructor(private readonly environment: VirtualProcess) {}

  get({ history }: ResolvedRealtimeOptions, log: RealtimeLog): Broker {
    if (this.broker === undefined) {
      this.broker = new MemoryBroker({ environment: this.environment, history, log });
      // A server that stops disposes of its broker, and this is not its own.
      this.broker.dispose = () => Promise.resolve();
    }
    return this.broker;
  }
}
