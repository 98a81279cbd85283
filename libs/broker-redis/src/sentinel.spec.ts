import { expect, test } from '@jest/globals';
import { freePort } from '@statewire/verification/servers';

import { findMaster } from './sentinel.js';

test('if no sentinel answers, the error names each of them and why', async () => {
  const ports = [await freePort(), await freePort()];
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const finding = findMaster({ nodes, name: 'main' }, new AbortController().signal);
  await expect(finding).rejects.toThrow(
    new RegExp(`^no sentinel named a master \\(127.0.0.1:${ports[0]}: .*ECONNREFUSED.*; 127.0.0.1:${ports[1]}: .*\\)$`),
  );
});

test('an attempt that is aborted asks no further sentinel', async () => {
  const nodes = [{ host: '127.0.0.1', port: await freePort() }];
  await expect(findMaster({ nodes, name: 'main' }, AbortSignal.abort())).rejects.toThrow(/abort/i);
});
