import { readFile, rename, rm, writeFile } from 'node:fs/promises';

import type { GameArchive, SavedGame } from './game-archive.js';

/** Of what is written; a game of another version is not taken up. */
const VERSION = 1;

/** The game in a file. It is replaced as a whole, so that a process that dies while it writes leaves the old one. */
export class FileArchive implements GameArchive {
  constructor(private readonly path: string) {}

  /** What cannot be taken up stays beside it as `<path>.refused`, where no later stop replaces it. */
  async take(restore: (game: SavedGame) => Promise<void>): Promise<void> {
    const taken = `${this.path}.taken`;
    const refused = `${this.path}.refused`;
    if (!(await isMoved(this.path, taken))) return;
    try {
      const { version, ...game } = JSON.parse(await readFile(taken, 'utf8')) as SavedGame & {
        readonly version: unknown;
      };
      if (version !== VERSION) throw new Error(`It has version ${String(version)}, and this server writes ${VERSION}.`);
      await restore(game);
    } catch (cause) {
      await rename(taken, refused);
      throw new Error(`${cause instanceof Error ? cause.message : ''} It is kept in ${refused}.`.trim(), { cause });
    }
    await rm(taken);
  }

  async save(game: SavedGame): Promise<void> {
    const written = `${this.path}.new`;
    await writeFile(written, JSON.stringify({ version: VERSION, ...game }), { mode: 0o600 });
    await rename(written, this.path);
  }
}

/** @returns false where there is nothing to move. */
async function isMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
