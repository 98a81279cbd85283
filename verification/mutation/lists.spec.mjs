import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { SourceIndex } from '../support/source-index.js';
import { filesOf } from './area-files.mjs';
import { AREAS } from './areas.mjs';
import { stale } from './equivalents.mjs';
import { instrument } from './mutants.mjs';

const root = join(import.meta.dirname, '../..');
const index = SourceIndex.ofWorkspace();

/** All mutants of an area. */
function mutantsOf({ package: packageName, files }) {
  return files.flatMap((file) =>
    instrument(file, readFileSync(join(root, file), 'utf8'), 0).mutants.map((mutant) => ({
      mutant: { ...mutant, package: packageName },
    })),
  );
}

describe('the lists of the mutation runner', () => {
  test.each(AREAS.map((area) => [area.name, area]))('%s names symbols that exist and have specs', (_, area) => {
    const { files, specs } = filesOf(area, index);
    expect(files.length).toBeGreaterThan(0);
    expect(specs.length).toBeGreaterThan(0);
  });

  test('every equivalent mutant exists', () => {
    expect(
      stale(
        AREAS.flatMap((area) => mutantsOf(filesOf(area, index))),
        index,
      ),
    ).toEqual([]);
  });
});
