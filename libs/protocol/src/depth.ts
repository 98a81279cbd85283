const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Returns whether a JSON text nests arrays and objects deeper than `limit`. It scans the text without recursion, so it
 * can run before the parser. The result has no meaning for a text that is not JSON.
 */
export function isTextDeeperThan(text: string, limit: number): boolean {
  // Each level needs two characters, so a short text cannot be too deep.
  if (text.length <= limit * 2) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) index = endOfString(text, index);
    else if (unit === OPENING_BRACKET || unit === OPENING_BRACE) {
      depth += 1;
      if (depth > limit) return true;
    } else if (unit === CLOSING_BRACKET || unit === CLOSING_BRACE) depth -= 1;
  }
  return false;
}

/** Returns whether a parsed JSON value nests arrays and objects deeper than `limit`. */
export function isValueDeeperThan(value: unknown, limit: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) return index;
    index += unit === BACKSLASH ? 2 : 1;
  }
  return index;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
