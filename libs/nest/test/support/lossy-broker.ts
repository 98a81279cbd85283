import type { Broker, TopicMessage } from '../../src/core/broker.js';

/** A broker that loses messages and rejects reads on request. */
export interface Lossy {
  /** Number of next messages to lose. */
  lose: number;
  /** Number of next reads that fail. */
  failReads: number;
  /** Number of reads. */
  reads: number;
  wrap(broker: Broker): Broker;
}

export function lossy(): Lossy {
  return {
    lose: 0,
    failReads: 0,
    reads: 0,
    wrap(broker) {
      const listen: Broker['listen'] = (topic, listener) =>
        broker.listen(topic, (message: TopicMessage) => {
          if (this.lose > 0) this.lose -= 1;
          else listener(message);
        });
      const read: Broker['read'] = async (...parameters) => {
        this.reads += 1;
        if (this.failReads === 0) return broker.read(...parameters);
        this.failReads -= 1;
        throw new Error('connection reset');
      };
      return new Proxy(broker, {
        get(target, name) {
          if (name === 'listen') return listen;
          if (name === 'read') return read;
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    },
  };
}
