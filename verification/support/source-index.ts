import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

import ts from 'typescript';

import { occurrences, tokensOf, tokensOfText } from './tokens.js';

export type PackageName = 'protocol' | 'client' | 'nest';

/** A change inside one declaration, wherever its package keeps it. */
export interface Edit {
  readonly package: PackageName;
  /** `Class.member`, `Class`, or the name of a function or constant of a module. */
  readonly symbol: string;
  /** Code that the declaration contains exactly once. White space, comments and trailing commas make no difference. */
  readonly find: string;
  readonly replace: string;
}

/** An edit as a range of a source. */
interface Range {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
  readonly replace: string;
}

export interface Source {
  readonly package: PackageName;
  /** From the root of the workspace, with slashes. */
  readonly file: string;
  readonly text: string;
}

interface Declaration {
  readonly source: Source;
  readonly tree: ts.SourceFile;
  readonly node: ts.Node;
}

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES: readonly PackageName[] = ['protocol', 'client', 'nest'];

/** Finds declarations of the libraries by name. It parses a source when a name is looked up that the source may declare. */
export class SourceIndex {
  private readonly trees = new Map<Source, ts.SourceFile>();

  constructor(private readonly sources: readonly Source[]) {}

  /** Reads all sources of the libraries, without their specs. */
  static ofWorkspace(): SourceIndex {
    return new SourceIndex(PACKAGES.flatMap(sourcesOf));
  }

  /** Returns the file that declares the symbol. @throws Error if no file or more than one does. */
  fileOf(packageName: PackageName, symbol: string): string {
    return this.find(packageName, symbol).source.file;
  }

  /**
   * Returns the text of each edited file.
   *
   * @throws Error if a symbol is missing or ambiguous, or if it does not contain the code of its edit exactly once.
   */
  edited(edits: readonly Edit[]): Readonly<Record<string, string>> {
    const ranges = edits.map((edit) => this.rangeOf(edit)).sort((a, b) => b.start - a.start);
    const sources = new Set(ranges.map(({ source }) => source));
    return Object.fromEntries(
      [...sources].map((source) => [
        source.file,
        replaced(
          source.text,
          ranges.filter((range) => range.source === source),
        ),
      ]),
    );
  }

  private rangeOf({ package: packageName, symbol, find, replace }: Edit): Range {
    const { source, tree, node } = this.find(packageName, symbol);
    const tokens = tokensOf(node, tree);
    const sequence = tokensOfText(find);
    const [first, ...others] = occurrences(tokens, sequence);
    if (first === undefined) throw new Error(`${symbol} in ${source.file} does not contain this code: ${find}`);
    if (others.length > 0) throw new Error(`${symbol} in ${source.file} contains this code more than once: ${find}`);
    return { source, start: tokens[first]!.start, end: tokens[first + sequence.length - 1]!.end, replace };
  }

  private find(packageName: PackageName, symbol: string): Declaration {
    const [name] = symbol.split('.');
    const declaration = new RegExp(`\\b(?:class|function|const|let) ${name}\\b`);
    const found = this.sources
      .filter((source) => source.package === packageName && declaration.test(source.text))
      .flatMap((source) => this.declarationsOf(source, symbol));
    const [first, ...others] = found;
    if (first === undefined) throw new Error(`@statewire/${packageName} declares no ${symbol}.`);
    if (others.length > 0) {
      const files = found.map(({ source }) => source.file).join(', ');
      throw new Error(`@statewire/${packageName} declares ${symbol} more than once: ${files}.`);
    }
    return first;
  }

  private declarationsOf(source: Source, symbol: string): readonly Declaration[] {
    const tree = this.trees.get(source) ?? ts.createSourceFile(source.file, source.text, ts.ScriptTarget.ES2022, true);
    this.trees.set(source, tree);
    return tree.statements
      .flatMap(declarationsIn)
      .filter(([name]) => name === symbol)
      .map(([, node]) => ({ source, tree, node }));
  }
}

function sourcesOf(packageName: PackageName): readonly Source[] {
  const folder = join(ROOT, 'libs', packageName, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => ({
      package: packageName,
      file: relative(ROOT, join(folder, path)).replaceAll(sep, '/'),
      text: readFileSync(join(folder, path), 'utf8'),
    }));
}

/** Replaces ranges of which no two overlap, the last one first. */
function replaced(text: string, ranges: readonly Range[]): string {
  return ranges.reduce((edited, { start, end, replace }, index) => {
    if (end > (ranges[index - 1]?.start ?? Infinity)) throw new Error(`Two edits overlap: ${replace}`);
    return edited.slice(0, start) + replace + edited.slice(end);
  }, text);
}

function declarationsIn(statement: ts.Statement): readonly (readonly [string, ts.Node])[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((each) => [each.name.getText(), each] as const);
  if (ts.isFunctionDeclaration(statement))
    return statement.body && statement.name ? [[statement.name.text, statement]] : [];
  if (!ts.isClassDeclaration(statement) || statement.name === undefined) return [];
  const name = statement.name.text;
  return [[name, statement], ...statement.members.flatMap((member) => memberOf(name, member))];
}

function memberOf(className: string, member: ts.ClassElement): readonly (readonly [string, ts.Node])[] {
  if (ts.isConstructorDeclaration(member)) return member.body ? [[`${className}.constructor`, member]] : [];
  if (ts.isMethodDeclaration(member) && member.body === undefined) return [];
  return member.name === undefined ? [] : [[`${className}.${member.name.getText()}`, member]];
}
