const COMMENTS = /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/[^\n]*(?:\n\s*\/\/[^\n]*)*/g;
const STRINGS = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
/** Ends a block of a script in another language, such as Lua, and may stand many times in a row. */
const BLOCK_END = 'end';
const REPEATED = /(?<![\p{L}\p{N}-])(\p{L}+)(?:[ \t]+|[ \t]*\n[ \t]*)(\p{L}+)(?![\p{L}\p{N}-])/gu;

/**
 * Finds words that stand twice in a row in the prose of a file: in the text of a document, or in the comments and strings
 * of a program. A repetition across a line break counts, one across a blank line does not.
 *
 * @param {string} path its extension distinguishes documents from programs.
 * @param {string} text content of the file.
 * @returns {{ line: number, word: string }[]}
 */
export function repeatedWords(path, text) {
  const found = path.endsWith('.md') ? inProse(blank(text, /^```[\s\S]*?^```/gm)) : inProgram(path, text);
  return found.map(({ index, word }) => ({ line: text.slice(0, index).split('\n').length, word }));
}

function inProgram(path, text) {
  const comments = [...text.matchAll(COMMENTS)].flatMap(({ 0: comment, index }) => inProse(comment, index));
  // Names of tests may repeat a word, for they are data of `test.each` as well.
  if (/\.spec\.|\/test\//.test(path)) return comments;
  const code = blank(text, COMMENTS);
  const strings = [...code.matchAll(STRINGS)].flatMap(({ 0: string, index }) => inProse(string, index));
  return [...comments, ...strings.filter(({ word }) => word !== BLOCK_END)];
}

function inProse(prose, offset = 0) {
  // Of the same length, so that an index stays an index.
  const plain = prose.replace(/^[ \t]*(?:\*|\/\/|>)+/gm, (prefix) => ' '.repeat(prefix.length));
  const found = [];
  for (let match = next(plain, 0); match; match = next(plain, match.index + match[1].length)) {
    if (match[1].toLowerCase() === match[2]) found.push({ index: offset + match.index, word: match[2] });
  }
  return found;
}

function next(text, from) {
  REPEATED.lastIndex = from;
  return REPEATED.exec(text);
}

function blank(text, pattern) {
  return text.replace(pattern, (part) => part.replace(/[^\n]/g, ' '));
}
