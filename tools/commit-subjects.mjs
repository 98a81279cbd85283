/** Fails where a commit of this branch has a subject that is not conventional. Merges are not checked. */
import { execFileSync, spawnSync } from 'node:child_process';

import { subjectProblem } from './lib/commit-subject.mjs';
import { fail, root } from './lib/workspace.mjs';

/** The last commit before the convention. */
const BEFORE = 'a64bd3fbcef032d0e84f0fd737b4429601b28e4d';

const isKnown = git('cat-file', '-e', `${BEFORE}^{commit}`).status === 0;
const isShallow = git('rev-parse', '--is-shallow-repository').stdout.trim() === 'true';
if (isKnown || isShallow) check(isKnown ? `${BEFORE}..HEAD` : 'HEAD');
else console.log('The history does not reach back to the convention; no commit is checked.');

function check(range) {
  const log = execFileSync('git', ['log', '--no-merges', '--format=%h %s', range], { cwd: root, encoding: 'utf8' });
  const commits = log.split('\n').filter((line) => line !== '');
  const problems = commits.flatMap((line) => {
    const problem = subjectProblem(line.slice(line.indexOf(' ') + 1));
    return problem ? [`${line}\n    ${problem}`] : [];
  });
  if (problems.length > 0) fail(`These commits have an unconventional subject:\n  ${problems.join('\n  ')}`);
  console.log(`${commits.length} commits have a conventional subject.`);
}

function git(...args) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' });
}
