import { describe, expect, test } from '@jest/globals';

import { maskOf } from './mask';

describe('maskOf', () => {
  test('returns the same face for the same kind every time', () => {
    expect(maskOf('knight', 'party')).toEqual(maskOf('knight', 'party'));
  });

  test('returns different faces for different kinds', () => {
    const faces = ['knight', 'pyromancer', 'wolf', 'lich', 'ghoul', 'harpy'].map((kind) =>
      JSON.stringify(maskOf(kind, 'foe')),
    );
    expect(new Set(faces).size).toBeGreaterThanOrEqual(5);
  });

  test('has a crown for a boss', () => {
    expect(maskOf('lich', 'foe', true)).toHaveLength(maskOf('lich', 'foe').length + 1);
  });

  test('stays inside its grid', () => {
    const numbers = ['knight', 'wolf', 'x'].flatMap((kind) =>
      maskOf(kind, 'foe', true).flatMap(({ path }) => (path.match(/\d+/g) ?? []).map(Number)),
    );
    expect(Math.max(...numbers)).toBeLessThanOrEqual(64);
  });
});
