import { describe, expect, it } from '@jest/globals';

import { repeatedWords } from '../lib/repeated-words.mjs';

describe('repeated words in a document', () => {
  it('are found, also at the start of a sentence and across a line break', () => {
    expect(repeatedWords('a.md', 'One one two.\nSee the\nthe docs.\n')).toEqual([
      { line: 1, word: 'one' },
      { line: 2, word: 'the' },
    ]);
  });

  it('are found where three stand in a row', () => {
    expect(repeatedWords('a.md', 'It is very very very big.\n')).toHaveLength(2);
  });

  it('are not found across a blank line, in a block of code, in parts of words or between cells', () => {
    expect(
      repeatedWords('a.md', '# States\n\nStates go.\n```\nlog log\n```\n| on | on |\nthe then, is-is is this\n'),
    ).toEqual([]);
  });
});

describe('repeated words in a program', () => {
  it('are found in comments', () => {
    const program = ['/**', ' * Closes the', ' * the socket.', ' */', '// Why not', '// not yet?'].join('\n');

    expect(repeatedWords('a.ts', program)).toEqual([
      { line: 2, word: 'the' },
      { line: 5, word: 'not' },
    ]);
  });

  it('are found in messages, unless the program is a test', () => {
    const program = "throw new Error('The the port is taken.');";

    expect(repeatedWords('src/a.ts', program)).toEqual([{ line: 1, word: 'the' }]);
    expect(repeatedWords('src/a.spec.ts', program)).toEqual([]);
  });

  it('are not found at the end of the blocks of a Lua script', () => {
    expect(repeatedWords('src/a.ts', 'const script = `if a then\n  if b then return 1 end\nend`;')).toEqual([]);
  });

  it('are not found in code', () => {
    expect(repeatedWords('a.ts', "import { type Type } from 'nest';\nlet log = log\nlog")).toEqual([]);
  });
});
