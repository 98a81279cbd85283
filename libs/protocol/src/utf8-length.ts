/** The engine finds a character beyond ASCII much faster than a loop does, and most JSON has none. */
const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Returns the size of a text in bytes of UTF-8. A lone surrogate counts 3 bytes, like U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  if (!BEYOND_ASCII.test(text)) return bytes;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
      continue;
    }
    bytes += 2;
    const pair = unit >= 0xd800 && unit < 0xdc00 ? text.charCodeAt(index + 1) : 0;
    if (pair >= 0xdc00 && pair < 0xe000) index += 1;
  }
  return bytes;
}
