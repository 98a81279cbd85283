import type { Json } from '@statewire/protocol';

/** A row of about 97 bytes. */
const row = (index: number): Readonly<Record<string, Json>> => ({
  id: `u${index}`,
  name: `Player ${String(index).padStart(4, '0')}`,
  score: 100_000 - index,
  team: index % 2 ? 'red' : 'blue',
  at: 1_760_000_000_000 + index,
  tag: 'abcdefghij',
});

export const ROWS = Array.from({ length: 50 }, (_, index) => row(index));

const at = (index: number): Readonly<Record<string, Json>> => ROWS[index]!;

/** The list after one change that applications make. */
export const LIST_CHANGES: Readonly<Record<string, readonly Json[]>> = {
  'an append': [...ROWS, row(99)],
  'an insertion at the head': [row(99), ...ROWS],
  'a capped feed with the newest row first': [row(99), ...ROWS.slice(0, 49)],
  'the last row to the top': [at(49), ...ROWS.slice(0, 49)],
  'an append and a change at the head': [{ ...at(0), score: 5 }, ...ROWS.slice(1), row(99)],
  'two removals apart': ROWS.filter((_, index) => index !== 5 && index !== 40),
  'two rows swapped': ROWS.map((one, index) => (index === 10 ? at(11) : index === 11 ? at(10) : one)),
  'one field of one row': ROWS.map((one, index) => (index === 7 ? { ...one, score: 1 } : one)),
};
