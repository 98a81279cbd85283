import { join, relative } from 'node:path';

import { root } from './workspace.mjs';

/** Patterns of the messages about a failed case, of fast-check and of hand-written checks. */
const SEED = /(?:\bseed: |STATEWIRE_SEED=)(-?\d+)(?:, path: "([\d:]+)")?/;
const HISTORY = /npm run simulate -- --histories \d+ --seed \d+/;

/** @returns a record for each failed test of one file, and one for a file that did not load. */
export function failuresOf({ testFilePath, testExecError, testResults }) {
  const file = relative(root, testFilePath).replaceAll('\\', '/');
  if (testExecError) return [{ file, name: 'The file did not load.', ...casesOf(testExecError.message ?? '') }];
  return testResults
    .filter(({ status }) => status === 'failed')
    .map(({ ancestorTitles, title, failureMessages }) => ({
      file,
      name: [...ancestorTitles, title].join(' › '),
      ...casesOf(failureMessages.join('\n')),
    }));
}

/**
 * One failure as text: project and file, full name, seed, and the command that runs the file again.
 *
 * @param {string} project
 * @param {{ file: string, name: string, seed?: string, path?: string, history?: string }} failure
 * @param {{ seed?: string, full?: boolean }} run the seed and the tier of the run.
 */
export function describeFailure(project, failure, run) {
  const seed = failure.seed ?? run.seed;
  const again = [
    'npm test -- --only',
    failure.file,
    ...(run.seed ? ['--seed', run.seed] : []),
    run.full ? '--full' : '',
  ];
  const lines = [
    `${project}: ${failure.file}`,
    `  ${failure.name}`,
    ...(seed ? [`  seed ${seed}${failure.path ? `, path "${failure.path}"` : ''}`] : []),
    `  ${again.join(' ').trimEnd()}`,
    ...(failure.history ? [`  ${failure.history}`] : []),
  ];
  return lines.join('\n');
}

function casesOf(message) {
  const [, seed, path] = SEED.exec(message) ?? [];
  const [history] = HISTORY.exec(message) ?? [];
  return { ...(seed && { seed }), ...(path && { path }), ...(history && { history }) };
}

/** Where the reporter of each project leaves its results. */
export const RESULTS = join(root, 'dist', 'test-results');
