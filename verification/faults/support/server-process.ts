import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const REGISTER = pathToFileURL(join(import.meta.dirname, '../../support/register.mjs')).href;

export interface ServerProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Command in front of Node. Default: none. */
  readonly within?: readonly string[];
}

/** Runs a TypeScript file from the sources in its own process. */
export class ServerProcess {
  /** The whole output of the process. */
  output = '';
  /** It has a channel for messages. */
  readonly child: ChildProcess;
  #waiting: (() => void)[] = [];

  /** @param script its absolute path. */
  constructor(script: string, { env = {}, within = [] }: ServerProcessOptions = {}) {
    const from = [process.execPath, '--conditions=source', '--import', REGISTER, script];
    const [command = '', ...args] = [...within, ...from];
    this.child = spawn(command, args, {
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        this.#wake();
      });
    }
    this.child.once('close', () => this.#wake());
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with the origin that the process prints. */
  async origin(): Promise<string> {
    return this.said(/(?:Listening|The Arena is) on (http:\S+)/);
  }

  /** Resolves with the group of the pattern when the process prints it. */
  async said(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output)?.[1];
      if (found) return found;
      if (!this.isRunning) throw new Error(`The process ended.\n${this.output}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async exit(signal?: NodeJS.Signals): Promise<number | null> {
    if (!this.isRunning) return this.child.exitCode;
    const gone = once(this.child, 'exit') as Promise<[number | null]>;
    if (signal) this.child.kill(signal);
    return (await gone)[0];
  }

  destroy(): void {
    if (this.isRunning) this.child.kill('SIGKILL');
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
