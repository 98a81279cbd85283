import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { OutdatedClients } from './outdated-clients.js';

function create(minContract = 3) {
  const environment = new VirtualEnvironment();
  const lines: unknown[] = [];
  const log = { warn: (event: string, values: object = {}) => void lines.push({ event, ...values }) };
  return { environment, lines, outdated: new OutdatedClients(minContract, environment, log) };
}

describe('OutdatedClients', () => {
  test('takes a client without a contract for older than every version', () => {
    const { outdated } = create();
    expect([undefined, 2, 3, 4].map((contract) => outdated.count('c', contract))).toEqual([true, true, false, false]);
  });

  test('counts nobody without a minimum', async () => {
    const { environment, lines, outdated } = create(0);
    expect(outdated.count('c')).toBe(false);
    await environment.advance(60_000);
    outdated.count('c');
    expect(lines).toEqual([]);
  });

  test('logs the number of clients a minute after the first one, then every ten minutes', async () => {
    const { environment, lines, outdated } = create();
    for (let minute = 0; minute <= 25; minute += 1) {
      for (let client = 0; client < 5; client += 1) outdated.count(`client ${client}`, client === 0 ? 1 : 2);
      outdated.count('new', 3);
      await environment.advance(60_000);
    }
    const line = { event: 'outdated-clients', clients: 5, oldest: 1, minContract: 3 };
    expect(lines).toEqual([{ ...line, clients: 5 }, line, line]);
  });

  test('bounds its memory', async () => {
    const { environment, lines, outdated } = create();
    for (let client = 0; client < 20_000; client += 1) outdated.count(`client ${client}`);
    await environment.advance(60_000);
    outdated.count('one more');
    expect(lines).toEqual([{ event: 'outdated-clients', clients: 10_000, oldest: 0, minContract: 3 }]);
  });
});
