import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { freePort } from '@statewire/verification/servers';

/** The built game server in a process of its own. */
export class ArenaServer {
  static readonly #running = new Set<ArenaServer>();

  /** Resolves with the exit code; null after a kill. */
  readonly ended: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    this.ended = new Promise((resolve) => child.once('exit', resolve));
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<ArenaServer> {
    const port = await freePort();
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../backend/dist/main.js')], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        HOST: '127.0.0.1',
        PORT: String(port),
        // A battle lasts its maximum of five minutes, so that a slow machine finishes a test before the battle ends.
        ARENA_HEALTH_FACTOR: '1000',
        ...env,
      },
    });
    const server = new ArenaServer(child, port);
    ArenaServer.#running.add(server);
    child.once('exit', () => ArenaServer.#running.delete(server));
    await server.ready();
    return server;
  }

  /** Ends every server that this spec started, ready or not. Resolves with their exit codes. */
  static stopAll(): Promise<readonly (number | null)[]> {
    return Promise.all([...ArenaServer.#running].map((server) => server.stop()));
  }

  /** Resolves with the exit code. */
  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** Ends the process at once. */
  kill(): Promise<number | null> {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  private async ready(): Promise<void> {
    const answers = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${this.port}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await answers())) {
      if (this.child.exitCode !== null) throw new Error(`The server ended with ${this.child.exitCode}.`);
      await wait(50);
    }
  }
}
