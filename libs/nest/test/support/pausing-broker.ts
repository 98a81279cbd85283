import type { Broker } from '../../src/core/broker.js';

/** Awaits `at` before and after each call of the broker. */
export function pausing(at: (point: string) => void | Promise<void>): (broker: Broker) => Broker {
  return (broker) =>
    new Proxy(broker, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function' || name === 'onRequest') return member;
        return async (...parameters: unknown[]) => {
          await at(`before ${String(name)}`);
          const result: unknown = await Reflect.apply(member, target, parameters);
          await at(`after ${String(name)}`);
          return result;
        };
      },
    });
}
