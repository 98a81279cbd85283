import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';
import { MemoryBroker, systemEnvironment, type Claim } from '@statewire/nest';

/**
 * A broker whose memory of actions is a folder, so that the processes of a deploy share it; topics stay in the memory of
 * each. Answers are kept for as long as the folder is.
 */
export class SharedClaims extends MemoryBroker {
  readonly #waiting = new Map<string, (answer: string) => void>();

  constructor(readonly folder: string) {
    super({
      environment: systemEnvironment,
      log: new Logger(SharedClaims.name),
      history: { count: 1_024, bytes: 2 ** 20, age: 300_000 },
    });
    watch(folder, { persistent: false }, (_, file) => {
      if (file !== null && this.#waiting.has(file)) this.#take(file);
    });
  }

  override claim(key: string, fingerprint: string): Promise<Claim> {
    const { claim, answer } = this.#files(key);
    try {
      writeFileSync(claim, fingerprint, { flag: 'wx' });
      return Promise.resolve({ outcome: 'claimed' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (readFileSync(claim, 'utf8') !== fingerprint) return Promise.resolve({ outcome: 'conflict' });
    const settled = new Promise<string>((resolve) => this.#waiting.set(answer, resolve));
    if (existsSync(join(this.folder, answer))) this.#take(answer);
    return Promise.resolve({ outcome: 'running', answer: settled });
  }

  override settle(key: string, answer: string): Promise<void> {
    const file = join(this.folder, this.#files(key).answer);
    writeFileSync(`${file}.unfinished`, answer);
    renameSync(`${file}.unfinished`, file);
    return Promise.resolve();
  }

  override unclaim(key: string): Promise<void> {
    rmSync(this.#files(key).claim);
    return Promise.resolve();
  }

  #files(key: string): { readonly claim: string; readonly answer: string } {
    const name = createHash('sha256').update(key).digest('hex');
    return { claim: join(this.folder, name), answer: `${name}.answer` };
  }

  #take(file: string): void {
    this.#waiting.get(file)?.(readFileSync(join(this.folder, file), 'utf8'));
    this.#waiting.delete(file);
  }
}
