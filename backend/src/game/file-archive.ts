import { readFile, rename, writeFile } from 'node:fs/promises';

import type { GameArchive, SavedGame } from './game-archive.js';

/** Of what is written; a game of another version is not taken up. */
const VERSION = 1;

/** The game in a file. It is replaced as a whole, so that a process that dies while it writes leaves the old one. */
export class FileArchive implements GameArchive {
  constructor(private readonly path: string) {}

  /** @throws Error where the file cannot be read, or holds something else. */
  async load(): Promise<SavedGame | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const { version, ...game } = JSON.parse(text) as SavedGame & { readonly version: unknown };
    if (version !== VERSION) throw new Error(`It has version ${String(version)}, and this server writes ${VERSION}.`);
    return game;
  }

  async save(game: SavedGame): Promise<void> {
    const written = `${this.path}.new`;
    await writeFile(written, JSON.stringify({ version: VERSION, ...game }), { mode: 0o600 });
    await rename(written, this.path);
  }
}
