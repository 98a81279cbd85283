const TYPES = ['build', 'ci', 'docs', 'feat', 'fix', 'perf', 'refactor', 'revert', 'style', 'test'];
const MAX_LENGTH = 72;
const CONVENTIONAL = new RegExp(`^(?:${TYPES.join('|')})(?:\\([a-z0-9-]+\\))?!?: \\S`);

/**
 * Returns what is wrong with the subject of a commit, or undefined.
 *
 * @param {string} subject first line of the message.
 */
export function subjectProblem(subject) {
  if (subject.length > MAX_LENGTH) return `has ${subject.length} characters; ${MAX_LENGTH} are allowed`;
  if (!CONVENTIONAL.test(subject)) return `does not start with "type: " or "type(scope): "; types: ${TYPES.join(', ')}`;
  if (subject.endsWith('.')) return 'ends with a full stop';
  return undefined;
}
