import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

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

describe('RealtimeLog', () => {
  test('A22: writes at most one line a second for each event and reason, and counts the rest', async () => {
    const { environment, lines, log } = create();
    for (let count = 0; count < 100_000; count += 1) log.warn('rejected', { reason: 'origin' });
    log.warn('rejected', { reason: 'guard' });
    expect(lines).toEqual(['rejected reason=origin', 'rejected reason=guard']);
    await environment.advance(1_000);
    log.warn('rejected', { reason: 'origin' });
    expect(lines[2]).toBe('rejected reason=origin alike=99999');
  });

  test('A22: tracks at most 1,000 reasons and forgets the least recently used one', () => {
    const { lines, log } = create();
    for (let count = 0; count < 3; count += 1) log.warn('rejected', { reason: 'first' });
    for (let reason = 0; reason < 999; reason += 1) log.warn('rejected', { reason: `r${reason}` });
    log.warn('rejected', { reason: 'first' });
    expect(lines).toHaveLength(1_000);
    for (let reason = 0; reason < 1_000; reason += 1) log.warn('rejected', { reason: `s${reason}` });
    log.warn('rejected', { reason: 'first' });
    expect(lines).toHaveLength(2_001);
    expect(lines.at(-1)).toBe('rejected reason=first');
  });

  test('reports left-out lines when the event repeats within an hour', async () => {
    const { environment, lines, log } = create();
    const twice = (): void => [1, 2].forEach(() => log.warn('rejected', { reason: 'origin' }));
    twice();
    await environment.advance(3_599_000);
    twice();
    await environment.advance(3_600_001);
    twice();
    expect(lines).toEqual(['rejected reason=origin', 'rejected reason=origin alike=1', 'rejected reason=origin']);
  });

  test('quotes values that could imitate another field', () => {
    const { lines, log } = create();
    log.info('started', { path: '/ws', topic: 'a\nfake=line', empty: '', count: 3, missing: undefined });
    expect(lines).toEqual(['started path=/ws topic="a\\nfake=line" empty="" count=3']);
  });

  test('A18: escapes control characters and marks that change the text direction', () => {
    const { lines, log } = create();
    log.warn('rejected', { message: 'a\u001b[2Jb\u009b2Jc\u007fd\u2028e\u202ef' });
    log.error('failed', new Error('\u001b]0;title\u0007 \u009b1m'));
    expect(lines[0]).toBe('rejected message="a\\u001b[2Jb\\u009b2Jc\\u007fd\\u2028e\\u202ef"');
    expect(lines[1]).toContain('Error: \\u001b]0;title\\u0007 \\u009b1m');
  });

  test('A18: indents every line of an error, so that no message can imitate a log line', () => {
    const { lines, log } = create();
    const line = 'hello-rejected reason=forged';
    log.error('failed', new Error(`no\n${line}\r\n${line}\r${line}\u2028${line}`));
    log.error('failed-oddly', `\n${line}`);
    const forged = lines
      .join('\n')
      .split(/[\n\r\u2028]/)
      .filter((text) => text.startsWith(line));
    expect(forged).toEqual([]);
    expect(lines[0]!.split('\n').filter((text) => text === `    ${line}`)).toHaveLength(4);
  });

  test('writes the stack of an error', () => {
    const { lines, log } = create();
    log.error('failed', new TypeError('why'));
    log.error('failed-oddly', 'thrown text');
    expect(lines[0]).toContain('failed\nTypeError: why');
    expect(lines[0]).toContain('realtime-log.spec');
    expect(lines[1]).toBe('failed-oddly\nthrown text');
  });

  test('writes what was thrown if it is no error', () => {
    const { lines, log } = create();
    log.error('failed-with-null', null);
    log.error('failed-with-object', { code: 7 });
    expect(lines).toEqual(['failed-with-null\nnull', 'failed-with-object\n{ code: 7 }']);
  });

  test('does not throw for a thrown value without a text', () => {
    const { lines, log } = create();
    const unreadable = Object.defineProperty(new Error('why'), 'stack', {
      get: () => {
        throw new Error('no stack');
      },
    });
    log.error('failed-with-dictionary', Object.assign(Object.create(null), { code: 7 }));
    log.error('failed-with-getter', unreadable);
    expect(lines[0]).toContain('failed-with-dictionary\n');
    expect(lines[0]).toContain('code: 7');
    expect(lines[1]).toBe('failed-with-getter\nThe thrown value cannot be shown.');
  });
});
