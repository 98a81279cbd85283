import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

test('the example of docs/testing.md is the one that runs here', () => {
  const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');
  const [, example] = /```ts\n([^]*?)```/.exec(read('../../docs/testing.md')) ?? [];
  expect(example).toBe(read('example.spec.ts'));
});
