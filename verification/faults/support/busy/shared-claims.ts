import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';
import { BrokerError, type Claim } from '@statewire/nest';
import { MemoryBroker, systemEnvironment } from '@statewire/nest/internal';

/** Ends the name of a file with an answer; the name of its claim is the rest. */
const ANSWER = '.answer';

interface Waiting {
  readonly answer: Promise<string>;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: BrokerError) => void;
}

/**
 * A broker that keeps action answers in a folder, so that the processes of a deploy share them. Topics stay in the memory
 * of each process. Answers last as long as the folder.
 */
export class SharedClaims extends MemoryBroker {
  readonly #waiting = new Map<string, Waiting>();

  constructor(readonly folder: string) {
    super({
      environment: systemEnvironment,
      log: new Logger(SharedClaims.name),
      history: { count: 1_024, bytes: 2 ** 20, ageMs: 300_000 },
    });
    watch(folder, { persistent: false }, (_, file) => {
      if (file !== null) this.#look(file.replace(ANSWER, ''));
    });
  }

  override claim(key: string, fingerprint: string): Promise<Claim> {
    const name = nameOf(key);
    try {
      writeFileSync(this.#path(name), fingerprint, { flag: 'wx' });
      return Promise.resolve({ outcome: 'claimed' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (readFileSync(this.#path(name), 'utf8') !== fingerprint) return Promise.resolve({ outcome: 'conflict' });
    const { answer } = this.#wait(name);
    this.#look(name);
    return Promise.resolve({ outcome: 'running', answer });
  }

  override settle(key: string, answer: string): Promise<void> {
    const path = this.#path(nameOf(key) + ANSWER);
    writeFileSync(`${path}.unfinished`, answer);
    renameSync(`${path}.unfinished`, path);
    return Promise.resolve();
  }

  override unclaim(key: string): Promise<void> {
    rmSync(this.#path(nameOf(key)));
    return Promise.resolve();
  }

  #path(file: string): string {
    return join(this.folder, file);
  }

  #wait(name: string): Waiting {
    const existing = this.#waiting.get(name);
    if (existing !== undefined) return existing;
    let resolve!: Waiting['resolve'];
    let reject!: Waiting['reject'];
    const answer = new Promise<string>((...settle) => ([resolve, reject] = settle));
    const waiting = { answer, resolve, reject };
    this.#waiting.set(name, waiting);
    return waiting;
  }

  /** Resolves the waiters of this process with the outcome of a claim of any process. */
  #look(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    if (existsSync(this.#path(name + ANSWER))) waiting.resolve(readFileSync(this.#path(name + ANSWER), 'utf8'));
    else if (!existsSync(this.#path(name))) waiting.reject(new BrokerError('unclaimed', 'It was given back.'));
    else return;
    this.#waiting.delete(name);
  }
}

function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
