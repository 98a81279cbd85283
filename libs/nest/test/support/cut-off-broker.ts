import { BehaviorSubject } from 'rxjs';

import { BrokerError, type Broker, type BrokerStatus, type TopicMessage } from '../../src/core/broker.js';

/** The connection of one node to a broker that other nodes use too. A test cuts it off and brings it back. */
export interface CutOffBroker {
  readonly broker: Broker;
  /** Listeners get nothing, and every call rejects with `unavailable`. */
  cutOff(): void;
  /** Listeners learn where their topics stand. */
  bringBack(): Promise<void>;
}

export function cutOffBroker(target: Broker): CutOffBroker {
  const status = new BehaviorSubject<BrokerStatus>({ state: 'up' });
  const listeners = new Set<{ readonly topic: string; readonly listener: (message: TopicMessage) => void }>();
  let isAway = false;
  const listen: Broker['listen'] = async (topic, listener) => {
    const entry = { topic, listener };
    listeners.add(entry);
    const release = await target.listen(topic, (message) => {
      if (!isAway) listener(message);
    });
    return async () => {
      listeners.delete(entry);
      await release();
    };
  };
  const broker = new Proxy(target, {
    get(_, name: keyof Broker) {
      if (name === 'status') return status;
      const member = name === 'listen' ? listen : (target[name] as unknown);
      if (typeof member !== 'function') return member;
      return (...given: never[]): unknown =>
        isAway && name !== 'dispose'
          ? Promise.reject(new BrokerError('unavailable', 'The broker is out of reach.'))
          : (member as (...given: never[]) => unknown).apply(target, given);
    },
  });
  return {
    broker,
    cutOff() {
      isAway = true;
      status.next({ state: 'away', since: 0 });
      for (const { listener } of listeners) listener({ type: 'interrupted' });
    },
    async bringBack() {
      isAway = false;
      status.next({ state: 'up' });
      for (const { topic, listener } of listeners) {
        const { epoch, offset, id } = await target.read(topic, 'events');
        listener({ type: 'resumed', position: { epoch, offset }, id });
      }
    },
  };
}
