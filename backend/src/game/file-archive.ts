import { readFile, rename, rm, writeFile } from 'node:fs/promises';

import type { GameArchive, SavedGame } from './game-archive.js';

/** Version of the file format. A game of another version is not loaded. */
const VERSION = 1;

/** Keeps the game in a file. The file is replaced atomically, so that a crash during a write leaves the old game. */
export class FileArchive implements GameArchive {
  constructor(private readonly path: string) {}

  /** A file that cannot be loaded is renamed to `<path>.refused`, so that no later stop replaces it. */
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

/** @returns false if there is no file to move. */
async function isMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
