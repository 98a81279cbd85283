import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** The servers behind a proxy. */
export interface ProxyTarget {
  /** Name or address of the servers. */
  readonly host: string;
  readonly port: number;
  /** `address:port` of the name server. Default: none, because the host is an address. */
  readonly nameServer?: string;
}

export interface ProxyCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Describes why a proxy cannot be started here; undefined if it can.
 *
 * @throws Error with `CI=true`.
 */
export function missingProxy(command: string, debianPackage: string): string | undefined {
  if (spawnSync(command, ['-v']).status === 0) return undefined;
  const reason = `${command} is not installed (Debian: apt-get install ${debianPackage})`;
  if (process.env['CI'] === 'true') throw new Error(`The tests need a proxy: ${reason}.`);
  return reason;
}

/** A proxy of this machine with a configuration of an image. */
export class ProxyProcess {
  static readonly #running = new Set<ProxyProcess>();

  private constructor(
    private readonly child: ChildProcess,
    readonly folder: string,
    readonly port: number,
  ) {}

  static async start(port: number, commandIn: (folder: string) => ProxyCommand): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'statewire-proxy-'));
    const { command, args, env } = commandIn(folder);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
    const proxy = new ProxyProcess(child, folder, port);
    ProxyProcess.#running.add(proxy);
    child.once('exit', () => ProxyProcess.#running.delete(proxy));
    await proxy.answers();
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends every proxy that this spec started, ready or not. */
  static async stopAll(): Promise<void> {
    await Promise.all([...ProxyProcess.#running].map((proxy) => proxy.stop()));
  }

  private async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<void> {
    const answers = (): Promise<boolean> =>
      fetch(`${this.origin}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await answers())) {
      if (this.child.exitCode !== null) throw new Error(`The proxy ended with ${this.child.exitCode}.`);
      await wait(50);
    }
  }
}
