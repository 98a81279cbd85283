import { describe, expect, test } from '@jest/globals';

import { withResults } from './document.js';
import type { ScenarioResult } from './results.js';

const machine = {
  node: 'v20.20.2',
  cores: 2,
  processor: 'A processor',
  date: '2026-12-01',
  commit: 'abc1234',
  load: 0.2,
};
const fanOut: ScenarioResult = {
  ...{ name: 'fan-out', machine, title: 'Fan-out', about: 'It sends.', rounds: 3 },
  rows: [{ arm: 'Statewire', metric: 'CPU', unit: 'µs', median: 4, p10: 3, p90: 5 }],
  notRun: [{ arm: 'Bun', reason: 'Bun is not installed' }],
  discarded: [{ arm: 'raw net', metric: 'CPU', reason: '1 of 2 messages arrived' }],
  maxLoadShare: 0.43,
};

describe('the document', () => {
  test('shows the results between their markers, with what was left out', () => {
    const text = withResults('before\n<!-- bench:fan-out -->\nold\n<!-- /bench:fan-out -->\nafter', [fanOut]);
    expect(text.startsWith('before\n<!-- bench:fan-out -->\n\nIt sends.\n')).toBe(true);
    expect(text).toContain('4 (3–5)');
    expect(text).toContain('commit abc1234, load of the machine before it 0.2');
    expect(text).toContain('Not run: Bun (Bun is not installed).');
    expect(text).toContain('Discarded: raw net, CPU (1 of 2 messages arrived).');
    expect(text).toContain('busy for at most 43 %');
    expect(text).not.toContain('old');
    expect(text.endsWith('<!-- /bench:fan-out -->\nafter')).toBe(true);
  });

  test('keeps the text of a scenario that did not run', () => {
    const text = '<!-- bench:memory -->\nold\n<!-- /bench:memory -->';
    expect(withResults(text, [fanOut])).toBe(text);
  });

  test('changes nothing when the same results come again', () => {
    const once = withResults('<!-- bench:fan-out --><!-- /bench:fan-out -->', [fanOut]);
    expect(withResults(once, [fanOut])).toBe(once);
  });

  test('rejects a marker without its end', () => {
    const text = '<!-- bench:fan-out -->\n<!-- bench:memory --><!-- /bench:memory -->';
    expect(() => withResults(text, [fanOut])).toThrow('The marker bench:fan-out has no end.');
  });
});
