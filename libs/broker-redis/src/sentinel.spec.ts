import { expect, test } from '@jest/globals';

import { Proxy } from '../test/support/proxy.js';
import { findMaster } from './sentinel.js';

/** A port of the loopback interface that refuses connections. */
async function closedPort(): Promise<number> {
  const proxy = await Proxy.start(0);
  const { port } = new URL(proxy.url);
  await proxy.dispose();
  return Number(port);
}

test('if no sentinel answers, the error names each of them and why', async () => {
  const ports = [await closedPort(), await closedPort()];
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const finding = findMaster({ nodes, name: 'main' }, new AbortController().signal);
  await expect(finding).rejects.toThrow(
    new RegExp(`^no sentinel named a master \\(127.0.0.1:${ports[0]}: .*ECONNREFUSED.*; 127.0.0.1:${ports[1]}: .*\\)$`),
  );
});

test('an attempt that is aborted asks no further sentinel', async () => {
  const nodes = [{ host: '127.0.0.1', port: await closedPort() }];
  await expect(findMaster({ nodes, name: 'main' }, AbortSignal.abort())).rejects.toThrow(/abort/i);
});
