import { describe, expect, it } from '@jest/globals';

import type { Edit } from '../support/source-index.js';
import { DISTANT_BUGS } from './distant-bugs.js';
import { HISTORY_BUGS } from './history-bugs.js';
import { seedBugs } from './seed-bugs.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

describe('an edit of a seeded bug', () => {
  it('finds its place in the sources', () => {
    const bugs = [...SEEDED_BUGS, ...HISTORY_BUGS, ...DISTANT_BUGS];
    const seeded = seedBugs(bugs);
    expect(seeded.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(seeded.map(({ sources }) => Object.keys(sources).length)).not.toContain(0);
  });

  it('is named in an error if the sources have no such place', () => {
    const edits: Edit[] = [{ package: 'nest', symbol: 'Nowhere', find: 'x', replace: '' }];
    expect(seedBugs([{ name: 'nothing works', edits }])).toEqual([
      { sources: {}, error: 'The bug "nothing works" cannot be seeded: @statewire/nest declares no Nowhere.' },
    ]);
  });
});
