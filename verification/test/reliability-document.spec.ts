import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const document = readFileSync(join(root, 'docs/reliability.md'), 'utf8');

const TESTED = ['libs', 'backend', 'frontend', 'verification', 'docker'];
const SKIPPED = new Set(['node_modules', 'dist', '.angular', 'coverage']);

/** A test or a group of tests whose name begins with an id and a colon; groups made with `each` too. */
const TITLE = /\b(?:describe|test|it)\b(?:\.\w+)*(?:<\w+>)?(?:\([^\n]*\))?\(\s*['"`]((?:[RAF]\d+(?:, )?)+):/g;

interface Section {
  readonly id: string;
  /** The text after "Proof:": links to specs, or the reason why no spec proves it. */
  readonly proof: string;
  readonly specs: readonly string[];
}

const sections: readonly Section[] = document
  .split(/^(?=#{2,3} )/m)
  .filter((text) => /^### [RAF]\d/.test(text))
  .map((text) => {
    const proof = text.split(/^Proof:/m)[1]!.trim();
    return {
      id: /^### ([RAF]\d+) · /.exec(text)![1]!,
      proof,
      specs: [...proof.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => path!),
    };
  });

function specsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return specsBelow(path);
    return entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}

/** The specs that claim each id. */
const claims = new Map<string, Set<string>>();
for (const path of TESTED.flatMap((folder) => specsBelow(join(root, folder)))) {
  for (const [, ids] of readFileSync(path, 'utf8').matchAll(TITLE)) {
    for (const id of ids!.split(', ')) {
      claims.set(id, (claims.get(id) ?? new Set()).add(relative(root, path).replaceAll('\\', '/')));
    }
  }
}

describe('docs/reliability.md', () => {
  test('has one section for each id', () => {
    const ids = sections.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(30);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(sections)('links, for $id, exactly the specs whose tests carry it in their names', ({ id, specs }) => {
    expect([...specs].sort()).toEqual([...(claims.get(id) ?? [])].sort());
    for (const spec of specs) expect(existsSync(join(root, spec))).toBe(true);
  });

  test.each(sections)('gives a reason if no spec proves $id', ({ proof, specs }) => {
    if (specs.length === 0) expect(proof.length).toBeGreaterThan(40);
  });

  test('leaves out no id that a test claims', () => {
    expect([...claims.keys()].filter((id) => !sections.some((section) => section.id === id))).toEqual([]);
  });
});
