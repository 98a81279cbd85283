import { memoryBroker, type Broker, type BrokerContext, type Release } from '@statewire/nest';
import type { VirtualProcess } from '@statewire/testing';

/** A memory broker in a process of its own. Its memory outlives the servers that use it one after the other. */
export class DurableBroker {
  private broker: Broker | undefined;
  private disconnect: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly environment: VirtualProcess) {}

  /** Connects a server that starts, and disconnects the server before it. */
  readonly connect = (context: BrokerContext): Broker => {
    this.broker ??= memoryBroker()({ ...context, environment: this.environment });
    void this.disconnect();
    const connection = connect(this.broker);
    this.disconnect = () => connection.dispose();
    return connection;
  };
}

/** Returns one server's connection to a broker that later servers use as well. */
function connect(broker: Broker): Broker {
  const held: Release[] = [];
  const hold = (release: Release): Release => {
    held.push(release);
    return release;
  };
  return {
    name: broker.name,
    isShared: broker.isShared,
    status: broker.status,
    publish: (...given) => broker.publish(...given),
    listen: async (...given) => hold(await broker.listen(...given)),
    read: (...given) => broker.read(...given),
    replaceEpoch: (...given) => broker.replaceEpoch(...given),
    close: (...given) => broker.close(...given),
    claim: (...given) => broker.claim(...given),
    settle: (...given) => broker.settle(...given),
    unclaim: (...given) => broker.unclaim(...given),
    forget: (...given) => broker.forget(...given),
    lease: async (...given) => {
      const lease = await broker.lease(...given);
      if (lease !== undefined) hold(() => lease.release());
      return lease;
    },
    request: (...given) => broker.request(...given),
    onRequest: (...given) => hold(broker.onRequest(...given)),
    join: (...given) => broker.join(...given),
    leave: (...given) => broker.leave(...given),
    members: (...given) => broker.members(...given),
    dispose: async () => {
      for (const release of held.splice(0)) await release();
    },
  };
}
