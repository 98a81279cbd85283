import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { undocumentedMembers } from '../lib/undocumented.mjs';

let directory;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'statewire-undocumented-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** The findings in a package whose entry point has this text. */
function found(text) {
  const entry = join(directory, 'index.d.ts');
  writeFileSync(entry, text);
  return undocumentedMembers(entry, directory, { noLib: true, types: [] });
}

describe('public members without a doc comment', () => {
  it.each([
    ['an export', 'export declare const a: 1;', ['a']],
    ['a field', '/** A. */ export interface A { readonly b: 1 }', ['A.b']],
    ['a method', '/** A. */ export declare class A { b(): void }', ['A.b']],
    ['a static member', '/** A. */ export declare class A { static b: 1 }', ['A.b']],
    ['a protected member', '/** A. */ export declare class A { protected b: 1 }', ['A.b']],
    ['an index signature', '/** A. */ export interface A { [b: string]: 1 }', ['A.[index]']],
    ['a comment of tags only', '/** @returns 1 */ export declare function a(): 1;', ['a']],
  ])('include %s', (_, text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it.each([
    ['a documented member', '/** A. */ export interface A {\n/** B. */\nb: 1 }'],
    [
      'a member that a documented interface declares',
      'export {};\ninterface B {\n/** B. */\nb(): 1 }\n/** A. */\nexport declare class A implements B { b(): 1 }',
    ],
    ['a constructor', '/** A. */ export declare class A { constructor(b: 1); }'],
    ['a private member', '/** A. */ export declare class A { private b; #c }'],
    ['a type parameter', '/** A. */ export interface A<T> {\n/** B. */\nb: T }'],
    ['a name of Angular', '/** A. */ export declare class A { static ɵfac: 1 }'],
  ])('do not include %s', (_, text) => {
    expect(found(text)).toEqual([]);
  });

  it('include those of another file under the name that the entry point gives them', () => {
    writeFileSync(join(directory, 'a.d.ts'), 'export interface Inner { b: 1 }');
    expect(found("export type { Inner as Outer } from './a';")).toEqual(['Outer', 'Outer.b']);
  });

  it('do not include exports of other packages', () => {
    const other = mkdtempSync(join(tmpdir(), 'statewire-other-'));
    writeFileSync(join(other, 'a.d.ts'), 'export interface A { b: 1 }');
    const result = found(`export type { A } from '${join(other, 'a')}';`);
    rmSync(other, { recursive: true });
    expect(result).toEqual([]);
  });
});
