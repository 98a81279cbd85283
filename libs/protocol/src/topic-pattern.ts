import { ContractError } from './contract-error.js';
import { isTopicSegment, MAX_TOPIC_LENGTH, MAX_TOPIC_SEGMENTS, RESERVED_SEGMENT } from './topic-name.js';

/** One segment of a pattern: a literal, or a parameter that matches any one segment. */
export type PatternSegment =
  { readonly type: 'literal'; readonly text: string } | { readonly type: 'parameter'; readonly name: string };

// The first character is a letter, so that `__proto__` cannot be the name of a parameter.
const PARAMETER_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/**
 * Splits a pattern into its segments.
 *
 * @throws ContractError if the pattern is not 1–16 literal segments or `:parameters` joined by `/`, if it has a
 * parameter twice, or if it begins with the reserved segment.
 */
export function parsePattern(pattern: string): readonly PatternSegment[] {
  const reject = (why: string): never => {
    throw new ContractError(`The topic pattern ${JSON.stringify(pattern)} ${why}.`);
  };
  const texts = pattern.split('/');
  if (texts.length > MAX_TOPIC_SEGMENTS)
    reject(`has ${texts.length} segments; at most ${MAX_TOPIC_SEGMENTS} are allowed`);
  if (pattern.length > MAX_TOPIC_LENGTH) reject(`is longer than ${MAX_TOPIC_LENGTH} characters`);
  if (texts[0] === RESERVED_SEGMENT) reject(`begins with "${RESERVED_SEGMENT}", which is reserved`);
  const names = new Set<string>();
  return texts.map((text): PatternSegment => {
    if (!text.startsWith(':')) {
      return isTopicSegment(text)
        ? { type: 'literal', text }
        : reject(
            `has the segment ${JSON.stringify(text)}; a segment is 1–64 of A–Z a–z 0–9 . _ ~ -, and not "." or ".."`,
          );
    }
    const name = text.slice(1);
    if (!PARAMETER_NAME.test(name)) {
      reject(`has the parameter ${JSON.stringify(text)}; a parameter is ":" and a letter, then letters, digits or _`);
    }
    if (names.has(name)) reject(`names the parameter "${text}" twice`);
    names.add(name);
    return { type: 'parameter', name };
  });
}

/**
 * Replaces the parameters of a pattern by their values. There is no escaping.
 *
 * @throws ContractError if a parameter is missing or is not a valid segment.
 */
export function fillPattern(pattern: string, segments: readonly PatternSegment[], parameters: object): string {
  const values = parameters as Readonly<Record<string, unknown>>;
  const texts = segments.map((segment) => {
    if (segment.type === 'literal') return segment.text;
    const value = values[segment.name];
    if (typeof value === 'string' && isTopicSegment(value)) return value;
    throw new ContractError(
      `The parameter "${segment.name}" of the topic "${pattern}" is ${describe(value)}; ` +
        'it must be a string of 1–64 of A–Z a–z 0–9 . _ ~ -, and not "." or "..".',
    );
  });
  if (texts[0] === RESERVED_SEGMENT) {
    throw new ContractError(`A topic of "${pattern}" cannot begin with the reserved segment "${RESERVED_SEGMENT}".`);
  }
  const name = texts.join('/');
  if (name.length > MAX_TOPIC_LENGTH) {
    throw new ContractError(
      `A topic of "${pattern}" would be ${name.length} characters long; at most ${MAX_TOPIC_LENGTH} are allowed.`,
    );
  }
  return name;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value;
}
