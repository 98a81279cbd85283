import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { freePort } from './free-port.js';

const template = join(import.meta.dirname, '../nginx/default.conf.template');

export interface NginxOptions {
  readonly backendPort: number;
  /** Time after which nginx cuts an idle WebSocket, as nginx spells it. */
  readonly proxyTimeout?: string;
  readonly websocketEnabled?: boolean;
}

/** Debian's nginx running the very configuration of the frontend image. */
export class Nginx {
  static readonly #running = new Set<Nginx>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly port: number,
  ) {}

  /** @returns undefined if nginx is not installed. */
  static isInstalled(): boolean {
    return spawnSync('nginx', ['-v']).status === 0;
  }

  static async start({ backendPort, proxyTimeout = '120s', websocketEnabled = true }: NginxOptions): Promise<Nginx> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'statewire-nginx-'));
    const values: Record<string, string> = {
      PORT: `127.0.0.1:${port}`,
      BACKEND: `127.0.0.1:${backendPort}`,
      WEBSOCKET_ENABLED: String(websocketEnabled),
      PROXY_TIMEOUT: proxyTimeout,
      CLIENT_ROOT: join(import.meta.dirname, '../../frontend/dist/browser'),
    };
    // The image's envsubst replaces the variables of its environment and leaves nginx's own alone.
    const site = readFileSync(template, 'utf8').replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
    writeFileSync(join(folder, 'site.conf'), site);
    writeFileSync(join(folder, 'nginx.conf'), main(folder));
    const child = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const nginx = new Nginx(child, folder, port);
    Nginx.#running.add(nginx);
    child.once('exit', () => Nginx.#running.delete(nginx));
    await nginx.answers();
    return nginx;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Reloads like `nginx -s reload`: new workers take over, and old ones live until their connections end. */
  reload(): void {
    this.child.kill('SIGHUP');
  }

  /** Errors nginx wrote down, without the notices of starting and ending workers. */
  errors(): string[] {
    return readFileSync(join(this.folder, 'error.log'), 'utf8')
      .split('\n')
      .filter((line) => /\[(?:error|crit|alert|emerg)\]/.test(line));
  }

  /** Ends every nginx that this spec started, ready or not. */
  static async stopAll(): Promise<void> {
    await Promise.all([...Nginx.#running].map((nginx) => nginx.stop()));
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
        () => true,
        () => false,
      );
    while (!(await answers())) {
      if (this.child.exitCode !== null) throw new Error(`nginx ended with ${this.child.exitCode}.`);
      await wait(50);
    }
  }
}

function main(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join('\n  ');
  return `daemon off;
worker_processes 2;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} warn;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  ${temporary}
  include ${join(folder, 'site.conf')};
}
`;
}
