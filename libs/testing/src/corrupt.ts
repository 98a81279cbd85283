const INTERESTING = [
  ...['null', 'true', '-1', '-0', '1e999', '9007199254740993', '1e-7', '""', '"\\ud800"', '"\\u0000"', '[]', '{}'],
  ...[
    '"__proto__":{"polluted":1},',
    '"constructor":1,',
    '"type":"pong",',
    '[[[[[[[[',
    '}}}}',
    '//',
    "'",
    '\ud800',
    '\u2028',
  ],
].map((text) => new TextEncoder().encode(text));
/** Bytes that are not UTF-8: stray, overlong, a surrogate, beyond Unicode, cut off. */
const NOT_UTF8 = [[0xff], [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];

/**
 * Damages a message as a broken proxy or a hostile peer may do, for fuzzers. It flips, removes, repeats, moves and
 * inserts bytes, including JSON that parsers often handle wrongly, and bytes that are not UTF-8.
 *
 * @param random returns a number x with 0 ≤ x < 1. The `random` of a {@link VirtualEnvironment} gives the same result
 * every time.
 * @returns a new array. It may equal the original by chance.
 * @example connection.sendRaw(new TextDecoder().decode(corrupt(new TextEncoder().encode(text), environment.random)));
 */
export function corrupt(bytes: Uint8Array, random: () => number): Uint8Array {
  const upTo = (max: number) => Math.floor(random() * (max + 1));
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  let result = bytes;
  for (let edits = 1 + upTo(2); edits > 0; edits--) {
    const at = upTo(result.length);
    const length = Math.min(upTo(12), result.length - at);
    const [before, range, after] = [result.slice(0, at), result.slice(at, at + length), result.slice(at + length)];
    const edit = pick<() => readonly ArrayLike<number>[]>([
      () => [before],
      () => [before, after],
      () => [before, range, range, after],
      () => [after, before, range],
      () => [before, range.map((byte) => byte ^ (1 << upTo(7))), after],
      () => [before, range.map(() => upTo(255)), after],
      () => [before, pick(INTERESTING), after],
      () => [before, pick(INTERESTING), range, after],
      () => [before, pick(NOT_UTF8), range, after],
    ]);
    result = Uint8Array.from(edit().flatMap((part) => Array.from(part)));
  }
  return result;
}
