import { ARMS } from '../arms.js';
import { bundleSizes } from '../bundle-size.js';
import type { Scenario } from '../scenario.js';

export const bundle: Scenario = {
  name: 'bundle',
  title: 'Size of the client',
  about:
    '`createRealtimeClient` without RxJS, and `io` of socket.io-client, minified by esbuild and compressed with gzip.',
  seconds: 1,
  prepare: async () => ({
    round: async () =>
      bundleSizes().map(({ name, size }) => ({
        arm: name.startsWith('socket.io') ? ARMS.socketIo.name : ARMS.statewire.name,
        metric: name.replace(/^@statewire\/client: |, for comparison$/g, ''),
        unit: 'KB',
        value: size / 1_000,
      })),
    close: async () => undefined,
  }),
};
