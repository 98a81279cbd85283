import { ContractError } from './contract-error.js';
import { isTopicName, RESERVED_SEGMENT } from './topic-name.js';
import { parsePattern, type PatternSegment } from './topic-pattern.js';

/** The pattern that a topic name belongs to, and what its parameters stand for. */
export interface TopicMatch {
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
}

interface Entry {
  readonly pattern: string;
  readonly segments: readonly PatternSegment[];
  readonly literals: number;
}

/**
 * Finds the pattern of a concrete topic name. A literal segment beats a parameter, so `battles/latest` goes before
 * `battles/:battleId`.
 *
 * Two patterns tie where a name could belong to both and neither is the more literal one in every segment they differ
 * in: `a/:x` and `:y/b`, or `a/:x` and `a/:y`. A tie is refused when it is added, because which handler and which guards
 * a topic gets must never depend on the order of registration.
 */
export class TopicMatcher {
  /** The most literal first: of the patterns that fit one name, the best one then comes first. */
  private readonly entries: Entry[] = [];

  /** @throws ContractError when the pattern is malformed or ties with one that was added before. */
  add(pattern: string): void {
    const segments = parsePattern(pattern);
    const rival = this.entries.find((entry) => ties(entry.segments, segments));
    if (rival) {
      throw new ContractError(
        `The topic patterns "${rival.pattern}" and "${pattern}" tie: a topic could belong to either. ` +
          'Change a segment of one of them to another literal.',
      );
    }
    const literals = segments.filter(({ type }) => type === 'literal').length;
    this.entries.push({ pattern, segments, literals });
    this.entries.sort((a, b) => b.literals - a.literals);
  }

  /** @returns undefined for names that no pattern fits, and for everything that is not a topic name. */
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
