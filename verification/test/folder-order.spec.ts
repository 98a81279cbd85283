import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { Linter } from 'eslint';
import { parser } from 'typescript-eslint';

import { findCycle, folderGraph } from '../../tools/lint/folder-graph.mjs';
import { rankedFolders } from '../../tools/lint/ranked-folders.mjs';

const root = join(import.meta.dirname, '..', '..');

/** Source folders whose folders must not form a cycle. */
const PACKAGES = ['libs/client/src', 'libs/nest/src'];

describe('the folders of a package', () => {
  test.each(PACKAGES)('%s has no import cycle', (source) => {
    const graph = folderGraph(join(root, source));
    expect([...graph.keys()]).toContain('core');
    expect(findCycle(graph)).toBeUndefined();
  });

  test('report a cycle from its first folder', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['d', 'b']],
      ['d', []],
    ]);
    expect(findCycle(graph)).toEqual(['b', 'c', 'b']);
    expect(
      findCycle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
        ]),
      ),
    ).toBeUndefined();
  });
});

describe('the rule for ranked folders', () => {
  const RANKS = ['core', ['left', 'right'], 'top'];

  function complaints(filename: string, code: string): string[] {
    const messages = new Linter({ cwd: '/package' }).verify(
      code,
      {
        files: ['**/*.ts'],
        languageOptions: { parser: parser },
        plugins: { statewire: { rules: { ranked: rankedFolders } } },
        rules: { 'statewire/ranked': ['error', { root: '/package/src', ranks: RANKS }] },
      },
      { filename: `/package/src/${filename}` },
    );
    return messages.map(({ message }) => message.split(':')[0]!);
  }

  test.each([
    ['top/a.ts', "import '../core/b.js'; import './c.js'; export * from '../left/d.js';"],
    ['left/a.ts', "import '../core/b.js'; import '../../test/support/c.js'; import 'rxjs';"],
    ['index.ts', "import './top/b.js'; import './core/b.js';"],
  ])('%s may import folders of a lower rank, and packages', (filename, code) => {
    expect(complaints(filename, code)).toEqual([]);
  });

  test.each([
    ['core/a.ts', "import { b } from '../top/b.js';", 'core must not import top'],
    ['left/a.ts', "export { b } from '../right/b.js';", 'left must not import right'],
    ['top/a.ts', "export * from '../index.js';", 'top must not import (root)'],
    ['top/a.ts', "void import('../index.js');", 'top must not import (root)'],
    ['core/a.ts', "import type { b } from '../top/b.js';", 'core must not import top'],
    ['core/a.ts', "type B = import('../top/b.js').B;", 'core must not import top'],
    ['top/a.ts', "import '../other/b.js';", 'The folder other has no rank'],
    ['other/a.ts', '', 'The folder other has no rank'],
  ])('%s may not contain `%s`', (filename, code, complaint) => {
    expect(complaints(filename, code)).toEqual([complaint]);
  });
});
