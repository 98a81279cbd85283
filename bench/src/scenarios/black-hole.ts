import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { startPairs, stopPairs } from './reconnecting.js';

const STARTS = 5;

export const blackHole: Scenario = {
  name: 'black-hole',
  title: 'Start while WebSockets connect and get no answer',
  about: 'A client starts with its defaults. Its WebSocket reaches a server that never answers. HTTP works.',
  seconds: 5,
  prepare: async () => {
    const pairs = await startPairs(['statewire']);
    const { arm, port, clients } = pairs[0]!;
    return {
      round: async () => {
        const rows: Measurement[] = [];
        for (let index = 0; index < STARTS; index += 1) {
          const value = await clients.call('startInBlackHole', { port });
          rows.push({ arm: arm.name, metric: 'first value after', unit: 'ms', value });
        }
        return rows;
      },
      close: () => stopPairs(pairs),
    };
  },
};
