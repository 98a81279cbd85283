/** Fails where a word stands twice in a row in a document, a comment or a message. The spelling check does not see that. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { repeatedWords } from './lib/repeated-words.mjs';
import { fail, root } from './lib/workspace.mjs';

const FILES = ['*.md', '*.ts', '*.mjs', '*.cjs'];

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...FILES], { cwd: root });
const found = listed
  .toString()
  .split('\n')
  .filter((path) => path !== '' && !path.endsWith('/api.md') && existsSync(join(root, path)))
  .flatMap((path) =>
    repeatedWords(path, readFileSync(join(root, path), 'utf8')).map(({ line, word }) => `${path}:${line} ${word}`),
  );
if (found.length > 0) fail(`These words stand twice in a row:\n  ${found.join('\n  ')}`);
