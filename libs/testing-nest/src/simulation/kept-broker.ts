import type { Broker, BrokerContext, Environment } from '@statewire/nest';

import { DistantBroker } from '../distant-broker/distant-broker.js';
import type { BrokerLink } from '../distant-broker/broker-link.js';
import type { DistantNode } from '../distant-broker/distant-node.js';

/** A broker in a process of its own. Its memory outlives the servers that use it one after the other. */
export class KeptBroker {
  readonly cluster: DistantBroker;
  private node: DistantNode | undefined;

  constructor(environment: Environment) {
    // A start takes real time, and virtual time stands still meanwhile.
    this.cluster = new DistantBroker({ environment, latency: 0 });
  }

  /** The link of the server that started last. */
  get link(): BrokerLink {
    if (this.node === undefined) throw new Error('No server has started.');
    return this.node.link;
  }

  /** Connects a server that starts. The server before it has ended, perhaps without a word. */
  readonly connect = (context: BrokerContext): Broker => {
    if (this.node !== undefined) this.cluster.crash(this.node);
    this.node = this.cluster.connect(context);
    return this.node;
  };
}
