import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import type { Broker } from '../core/broker.js';
import { resolveOptions } from '../core/resolve-options.js';
import { RealtimeLog } from '../core/realtime-log.js';
import { StartReport } from './start-report.js';

function create() {
  const environment = new VirtualEnvironment();
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const sink = { debug: ignore, log: ignore, error: ignore, warn: (line: string) => void warnings.push(line) };
  const options = resolveOptions({}, environment);
  const report = new StartReport(options, { name: 'memory' } as Broker, new RealtimeLog(sink, environment));
  return { environment, report, warnings };
}

describe('a start without shutdown hooks', () => {
  test('logs a warning', async () => {
    const { environment, report, warnings } = create();
    report.onApplicationBootstrap();
    await environment.advance(1_000);
    expect(warnings).toEqual([expect.stringContaining('app.enableShutdownHooks()')]);
  });

  test('logs no warning if the application handles SIGTERM, even after listen()', async () => {
    const { environment, report, warnings } = create();
    const handle = (): void => undefined;
    report.onApplicationBootstrap();
    process.on('SIGTERM', handle);
    await environment.advance(1_000);
    process.off('SIGTERM', handle);
    expect(warnings).toEqual([]);
  });

  test('logs no warning if the application stops at once', async () => {
    const { environment, report, warnings } = create();
    report.onApplicationBootstrap();
    report.onModuleDestroy();
    await environment.advance(1_000);
    expect(warnings).toEqual([]);
  });
});
