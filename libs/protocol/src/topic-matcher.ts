import { ContractError } from './contract-error.js';
import { isTopicName, RESERVED_SEGMENT } from './topic-name.js';
import { parsePattern, type PatternSegment } from './topic-pattern.js';

/** The pattern of a topic name, and the values of its parameters. */
export interface TopicMatch {
  /** The pattern as it was added, for example `battles/:battleId`. */
  readonly pattern: string;
  /** The segments of the name that match parameters, by the parameter's name. */
  readonly params: Readonly<Record<string, string>>;
}

interface PatternEntry {
  readonly pattern: string;
  readonly segments: readonly PatternSegment[];
  readonly literals: number;
}

/**
 * Finds the pattern of a topic name. A literal segment takes precedence over a parameter: the name `battles/latest`
 * matches the pattern `battles/latest` before `battles/:battleId`.
 *
 * Two patterns are ambiguous if one name can match both and neither takes precedence: `a/:x` and `:y/b`, or `a/:x` and
 * `a/:y`. `add` rejects ambiguous patterns. Otherwise the handler and the guards of a topic would depend on the order
 * of registration.
 */
export class TopicMatcher {
  /** Sorted by the number of literal segments, so that the first match is the best one. */
  private readonly entries: PatternEntry[] = [];

  /**
   * Adds a pattern.
   *
   * @throws ContractError if the pattern is malformed, or ambiguous with an earlier one.
   */
  add(pattern: string): void {
    const segments = parsePattern(pattern);
    const rival = this.entries.find((entry) => ties(entry.segments, segments));
    if (rival) {
      throw new ContractError(
        `The topic patterns "${rival.pattern}" and "${pattern}" are ambiguous: one topic can match both. ` +
          'Remove one of them, or give both a literal at the same place, and different ones.',
      );
    }
    const literals = segments.filter(({ type }) => type === 'literal').length;
    this.entries.push({ pattern, segments, literals });
    this.entries.sort((a, b) => b.literals - a.literals);
  }

  /** Finds the pattern of a name. Returns undefined if no pattern matches, or if the text is not a topic name. */
  match(name: string): TopicMatch | undefined {
    if (!isTopicName(name)) return undefined;
    const texts = name.split('/');
    if (texts[0] === RESERVED_SEGMENT) return undefined;
    const entry = this.entries.find(({ segments }) => fits(segments, texts));
    if (!entry) return undefined;
    const params: Record<string, string> = {};
    entry.segments.forEach((segment, index) => {
      if (segment.type === 'parameter') params[segment.name] = texts[index]!;
    });
    return { pattern: entry.pattern, params };
  }
}

function fits(segments: readonly PatternSegment[], texts: readonly string[]): boolean {
  return (
    segments.length === texts.length &&
    segments.every((segment, index) => segment.type === 'parameter' || segment.text === texts[index])
  );
}

function ties(a: readonly PatternSegment[], b: readonly PatternSegment[]): boolean {
  if (a.length !== b.length) return false;
  let aWins = false;
  let bWins = false;
  for (const [index, left] of a.entries()) {
    const right = b[index]!;
    if (left.type === 'literal' && right.type === 'literal') {
      if (left.text !== right.text) return false;
    } else if (left.type !== right.type) {
      if (left.type === 'literal') aWins = true;
      else bWins = true;
    }
  }
  return aWins === bWins;
}
