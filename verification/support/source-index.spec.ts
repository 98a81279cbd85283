import { describe, expect, it } from '@jest/globals';

import { SourceIndex, type Edit } from './source-index.js';

const DOOR = `
import { open } from './open.js';

/** Opens. */
export class Door {
  private count = 0;

  constructor(readonly name: string) {}

  open(key: string): boolean {
    // Asks the lock.
    if (
      open(
        key,
        \`\${this.name}: \${key}\`,
      )
    ) {
      this.count += 1;
      return true;
    }
    return false;
  }

  get isOpen(): boolean {
    return this.count >= 0;
  }
}

export function openAll(doors: readonly Door[]): void {
  for (const door of doors) door.open('k');
}
`;
const OTHER = `export class Other { open(): boolean { return false; } }\nexport const LIMIT = 3;\n`;

const index = new SourceIndex([
  { package: 'nest', file: 'door.ts', text: DOOR },
  { package: 'nest', file: 'other.ts', text: OTHER },
  { package: 'nest', file: 'another.ts', text: 'const LIMIT = 4;\n' },
]);

function edited(symbol: string, find: string, replace: string): string | undefined {
  const edit: Edit = { package: 'nest', symbol, find, replace };
  return Object.values(index.edited([edit]))[0];
}

describe('an edit', () => {
  it('applies inside the named declaration in any file', () => {
    expect(index.edited([{ package: 'nest', symbol: 'Other.open', find: 'false', replace: 'true' }])).toEqual({
      'other.ts': OTHER.replace('false', 'true'),
    });
  });

  it('finds code with other white space, comments, line breaks and trailing commas', () => {
    expect(edited('Door.open', 'if (open(key, `${this.name}: ${key}`)) {', 'if (true) {')).toBe(
      DOOR.replace(/if \(\n[^]*?\{\n {6}this/, 'if (true) {\n      this'),
    );
  });

  it('applies to accessors, constructors, fields and functions', () => {
    expect(edited('Door.isOpen', '>= 0', '> 0')).toBe(DOOR.replace('>= 0', '> 0'));
    expect(edited('Door.constructor', 'readonly name', 'name')).toBe(DOOR.replace('readonly name', 'name'));
    expect(edited('Door.count', '0', '1')).toBe(DOOR.replace('count = 0', 'count = 1'));
    expect(edited('openAll', "door.open('k');", '')).toBe(DOOR.replace("door.open('k');", ''));
  });

  it('applies together with other edits of the same file, in any order', () => {
    const edits: Edit[] = [
      { package: 'nest', symbol: 'Door.open', find: 'this.count += 1;', replace: '' },
      { package: 'nest', symbol: 'openAll', find: "'k'", replace: "''" },
      { package: 'nest', symbol: 'Door.count', find: '0', replace: '7' },
    ];
    const expected = DOOR.replace('this.count += 1;', '').replace("'k'", "''").replace('count = 0', 'count = 7');
    expect(index.edited(edits)).toEqual({ 'door.ts': expected });
  });

  it.each([
    ['a symbol that is not declared', 'Door.close', 'x', '@statewire/nest declares no Door.close.'],
    ['a symbol of another package', 'Outbox', 'x', '@statewire/nest declares no Outbox.'],
    ['a symbol of two files', 'LIMIT', '3', '@statewire/nest declares LIMIT more than once: other.ts, another.ts.'],
    ['missing code', 'Door.open', 'return 7', 'Door.open in door.ts does not contain this code: return 7'],
    ['code of another declaration', 'Door.isOpen', 'return true', 'does not contain this code: return true'],
    ['code that occurs twice', 'Door.open', 'return', 'Door.open in door.ts contains this code more than once: return'],
    ['empty code', 'Door.open', '', 'does not contain this code: '],
  ])('fails for %s', (_, symbol, find, message) => {
    expect(() => edited(symbol, find, '')).toThrow(message);
  });

  it('fails if it overlaps another', () => {
    const edits: Edit[] = [
      { package: 'nest', symbol: 'Door.open', find: 'this.count += 1;', replace: '' },
      { package: 'nest', symbol: 'Door.open', find: 'count += 1; return true;', replace: '' },
    ];
    expect(() => index.edited(edits)).toThrow('Two edits overlap');
  });
});
