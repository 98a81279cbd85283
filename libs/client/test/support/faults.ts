import fc from 'fast-check';

import { battle, type Setup } from './bench.js';

type Fault = (setup: Setup) => void;

export const FAULTS: Record<string, Fault> = {
  cut: ({ server }) => server.cut(),
  blackhole: ({ server }) => server.blackhole(),
  restore: ({ server }) => server.restore(),
  'reject upgrades': ({ server }) => server.upgrades('reject'),
  'hang upgrades': ({ server }) => server.upgrades('hang'),
  'throw in the constructor': ({ server }) => server.upgrades('throw'),
  'pass upgrades': ({ server }) => server.upgrades('pass'),
  'HTTP hangs': ({ server }) => server.http('hang'),
  'HTTP is unreachable': ({ server }) => server.http('unreachable'),
  'HTTP is a broken proxy': ({ server }) => server.http({ status: 502, body: '<html>' }),
  'HTTP is back': ({ server }) => server.http('pass'),
  'switch off': ({ server }) => server.isWebSocketOn && server.switchWebSocket(false),
  'switch on': ({ server }) => server.switchWebSocket(true),
  drain: ({ server }) => server.send({ type: 'drain', reconnectWithin: 500 }),
  'close 1012': ({ server }) => server.close(1012),
  'close 4101': ({ server }) => server.close(4101),
  'close 4200': ({ server }) => server.close(4200),
  'new epoch': ({ server }) => server.renew(battle),
  'wake online': ({ environment }) => environment.wake('online'),
  'wake visible': ({ environment }) => environment.wake('visible'),
};

export const history = fc.array(fc.tuple(fc.constantFrom(...Object.keys(FAULTS)), fc.integer({ min: 0, max: 2_500 })), {
  minLength: 1,
  maxLength: 12,
});
