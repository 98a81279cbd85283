import type { Broker } from '../../src/core/broker.js';

/**
 * One of several nodes of a broker in this process. It says that other processes share it, and holds each publication
 * until `at` resolves. The end of a node does not end the others.
 */
export function sharedBroker(target: Broker, at: () => void | Promise<void> = () => undefined): Broker {
  let isDisposed = false;
  return new Proxy(target, {
    get(_, name: keyof Broker) {
      if (name === 'isShared') return true;
      if (name === 'name') return 'shared';
      if (name === 'dispose') return async (): Promise<void> => void (isDisposed = true);
      const member = target[name] as unknown;
      if (typeof member !== 'function') return member;
      return async (...given: never[]): Promise<unknown> => {
        if (name === 'publish') await at();
        if (isDisposed) throw new Error(`${name}() came after the end of the broker.`);
        return (member as (...given: never[]) => unknown).apply(target, given);
      };
    },
  });
}
