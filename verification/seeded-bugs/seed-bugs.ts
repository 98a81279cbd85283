import { SourceIndex } from '../support/source-index.js';
import type { Bug } from './seeded-bug.js';

/** A bug as whole sources, or the reason why the sources have no place for it. */
export interface SeededSources {
  /** Edited sources by file, from the root of the workspace. */
  readonly sources: Readonly<Record<string, string>>;
  readonly error?: string;
}

/** Seeds each bug by itself in the sources of the libraries. */
export function seedBugs(bugs: readonly Bug[]): readonly SeededSources[] {
  const index = SourceIndex.ofWorkspace();
  return bugs.map(({ name, edits }) => {
    try {
      return { sources: index.edited(edits) };
    } catch (error) {
      return { sources: {}, error: `The bug "${name}" cannot be seeded: ${(error as Error).message}` };
    }
  });
}
