import { describe, expect, it } from '@jest/globals';

import { subjectProblem } from '../lib/commit-subject.mjs';

describe('the subject of a commit', () => {
  it.each([
    'docs: describe the release',
    'feat(nest): read durations in milliseconds',
    'refactor(testing-nest)!: name faults once',
    'build(deps): bump the npm group with 5 updates',
    `fix: ${'x'.repeat(67)}`,
  ])('may be "%s"', (subject) => {
    expect(subjectProblem(subject)).toBeUndefined();
  });

  it.each([
    ['Describe the release', /does not start with/],
    ['feature: describe the release', /does not start with/],
    ['fix(nest) close the socket', /does not start with/],
    ['fix:close the socket', /does not start with/],
    ['fix: ', /does not start with/],
    ['fix: close the socket.', /full stop/],
    [`fix: ${'x'.repeat(68)}`, /has 73 characters/],
  ])('may not be "%s"', (subject, problem) => {
    expect(subjectProblem(subject)).toMatch(problem);
  });
});
