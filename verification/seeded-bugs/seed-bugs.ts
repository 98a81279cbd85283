import { SourceIndex } from '../support/source-index.js';
import type { Bug } from './seeded-bug.js';

/** A bug as whole sources, or the reason why it does not apply to the sources. */
export interface SeededSources {
  /** Edited sources by file, from the root of the workspace. */
  readonly sources: Readonly<Record<string, string>>;
  readonly error?: string;
}

/** Seeds each bug separately in the sources of the libraries. */
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
