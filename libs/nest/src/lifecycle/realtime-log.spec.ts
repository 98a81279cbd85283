import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/client/testing';

import { RealtimeLog } from './realtime-log.js';

function create() {
  const environment = new VirtualEnvironment();
  const lines: string[] = [];
  const write = (line: string, stack?: string): void =>
    void lines.push(stack === undefined ? line : `${line}\n${stack}`);
  return {
    environment,
    lines,
    log: new RealtimeLog({ debug: write, log: write, warn: write, error: write }, environment),
  };
}

describe('the log', () => {
  test('A22: writes at most one line a second for each event and reason, and counts the rest', async () => {
    const { environment, lines, log } = create();
    for (let count = 0; count < 100_000; count += 1) log.warn('refused', { reason: 'origin' });
    log.warn('refused', { reason: 'guard' });
    expect(lines).toEqual(['refused reason=origin', 'refused reason=guard']);
    await environment.advance(1_000);
    log.warn('refused', { reason: 'origin' });
    expect(lines[2]).toBe('refused reason=origin alike=99999');
  });

  test('quotes what could pass for something else', () => {
    const { lines, log } = create();
    log.info('started', { path: '/ws', topic: 'a\nfake=line', empty: '', count: 3, missing: undefined });
    expect(lines).toEqual(['started path=/ws topic="a\\nfake=line" empty="" count=3']);
  });

  test('keeps the stack of what was thrown', () => {
    const { lines, log } = create();
    log.error('failed', new TypeError('why'));
    log.error('failed-oddly', 'thrown text');
    expect(lines[0]).toContain('failed\nTypeError: why');
    expect(lines[0]).toContain('realtime-log.spec');
    expect(lines[1]).toBe('failed-oddly\nthrown text');
  });
});
