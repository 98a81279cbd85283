import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const document = readFileSync(join(root, 'docs/reliability.md'), 'utf8');

const TESTED = ['libs', 'backend', 'frontend', 'verification', 'docker'];
const SKIPPED = new Set(['node_modules', 'dist', '.angular', 'coverage']);

/** A test or a group of tests whose name begins with an id and a colon; groups made with `each` too. */
const TITLE = /\b(?:describe|test|it)\b(?:\.\w+)*(?:<\w+>)?(?:\([^\n]*\))?\(\s*['"`]((?:[RAF]\d+(?:, )?)+):/g;

interface Row {
  readonly id: string;
  /** The last cell: links to the specs that prove it, or in words why nothing does. */
  readonly proof: string;
  readonly specs: readonly string[];
}

const rows: readonly Row[] = [...document.matchAll(/^\| ([RAF]\d+) .*\|$/gm)].map(([line, id]) => {
  const proof = line.split('|').at(-2)!.trim();
  return { id: id!, proof, specs: [...proof.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => path!) };
});

function specsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return specsBelow(path);
    return entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}

/** Which specs claim which id. */
const claims = new Map<string, Set<string>>();
for (const path of TESTED.flatMap((folder) => specsBelow(join(root, folder)))) {
  for (const [, ids] of readFileSync(path, 'utf8').matchAll(TITLE)) {
    for (const id of ids!.split(', ')) {
      claims.set(id, (claims.get(id) ?? new Set()).add(relative(root, path).replaceAll('\\', '/')));
    }
  }
}

describe('docs/reliability.md', () => {
  test('has one row for each id', () => {
    const ids = rows.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(30);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(rows)('links, for $id, exactly the specs whose tests carry it in their names', ({ id, specs }) => {
    expect([...specs].sort()).toEqual([...(claims.get(id) ?? [])].sort());
    for (const spec of specs) expect(existsSync(join(root, spec))).toBe(true);
  });

  test.each(rows)('says why, where nothing proves $id', ({ proof, specs }) => {
    if (specs.length === 0) expect(proof.length).toBeGreaterThan(40);
  });

  test('leaves out no id that a test claims', () => {
    expect([...claims.keys()].filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
  });
});
