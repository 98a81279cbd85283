import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

const tokens = readFileSync(join(__dirname, 'tokens.css'), 'utf8');

/** Returns the two hexadecimal colours of a token, light first. */
function colours(token: string): readonly [string, string] {
  const found = new RegExp(`--${token}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(tokens);
  if (found?.[1] === undefined || found[2] === undefined) throw new Error(`--${token} has no two colours.`);
  return [found[1], found[2]];
}

/** Returns the relative luminance that WCAG 2.2 defines. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const SURFACES = ['paper', 'surface', 'raised'];
const TEXT = [
  'ink',
  'ink-soft',
  'live',
  'polling',
  'broken',
  'gold',
  'fire',
  'ice',
  'lightning',
  'light',
  'dark',
  'wind',
];
const ON_WASH = [
  ['live', 'live-wash'],
  ['polling', 'polling-wash'],
  ['broken', 'broken-wash'],
  ['ink', 'broken-wash'],
  ['ink-soft', 'live-wash'],
  ['ink-soft', 'polling-wash'],
  ['accent-ink', 'live'],
];

test.each([...TEXT.flatMap((text) => SURFACES.map((surface) => [text, surface])), ...ON_WASH])(
  '%s has enough contrast on %s, light and dark (WCAG AA: 4.5)',
  (text = '', surface = '') => {
    const [one, other] = [colours(text), colours(surface)];
    expect(contrast(one[0], other[0])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(one[1], other[1])).toBeGreaterThanOrEqual(4.5);
  },
);

test.each(SURFACES)('the focus outline has enough contrast on %s (WCAG AA: 3)', (surface) => {
  const [one, other] = [colours('focus'), colours(surface)];
  expect(contrast(one[0], other[0])).toBeGreaterThanOrEqual(3);
  expect(contrast(one[1], other[1])).toBeGreaterThanOrEqual(3);
});
