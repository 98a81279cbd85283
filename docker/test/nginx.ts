import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@statewire/verification/servers';

import { ProxyProcess, type ProxyTarget } from './proxy-process.js';

const template = join(import.meta.dirname, '../nginx/default.conf.template');

export interface NginxOptions {
  /** Time after which nginx cuts an idle WebSocket, as nginx spells it. */
  readonly proxyTimeout?: string;
  readonly websocketEnabled?: boolean;
}

/** Debian's nginx running the very configuration of the frontend image. */
export class Nginx {
  private constructor(private readonly process: ProxyProcess) {}

  static async start(
    { host, port: backendPort, nameServer = '127.0.0.1' }: ProxyTarget,
    { proxyTimeout = '120s', websocketEnabled = true }: NginxOptions = {},
  ): Promise<Nginx> {
    const port = await freePort();
    const values: Record<string, string> = {
      PORT: `127.0.0.1:${port}`,
      BACKEND: `${host}:${backendPort}`,
      RESOLVER: nameServer,
      WEBSOCKET_ENABLED: String(websocketEnabled),
      PROXY_TIMEOUT: proxyTimeout,
      CLIENT_ROOT: join(import.meta.dirname, '../../frontend/dist/browser'),
    };
    // The image's envsubst replaces the variables of its environment and leaves nginx's own alone.
    const site = readFileSync(template, 'utf8').replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
    const proxy = await ProxyProcess.start(port, (folder) => {
      writeFileSync(join(folder, 'site.conf'), site);
      writeFileSync(join(folder, 'nginx.conf'), main(folder));
      return { command: 'nginx', args: ['-c', join(folder, 'nginx.conf'), '-p', folder] };
    });
    return new Nginx(proxy);
  }

  get origin(): string {
    return this.process.origin;
  }

  get port(): number {
    return this.process.port;
  }

  /** Reloads like `nginx -s reload`: new workers take over, and old ones live until their connections end. */
  reload(): void {
    this.process.signal('SIGHUP');
  }

  /** Errors nginx wrote down, without the notices of starting and ending workers. */
  errors(): string[] {
    return readFileSync(join(this.process.folder, 'error.log'), 'utf8')
      .split('\n')
      .filter((line) => /\[(?:error|crit|alert|emerg)\]/.test(line));
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
