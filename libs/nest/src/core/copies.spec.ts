import { expect, test } from '@jest/globals';

import { warnOfCopies } from './copies.js';

test('a second copy of the package is named with the place of both, and the first is not', () => {
  const shared = {};
  const warnings: string[] = [];
  const load = (url: string): void => warnOfCopies(url, shared, (text) => void warnings.push(text));
  load('file:///one');
  load('file:///one');
  expect(warnings).toEqual([]);
  load('file:///two');
  expect(warnings).toEqual([
    expect.stringMatching(/first=file:\/\/\/one second=file:\/\/\/two .*npm ls @statewire\/nest/),
  ]);
});
