import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';

/** One client that polls over one connection. */
export class Poller {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private socket: Socket | undefined;
  private etag: string | undefined;

  constructor(
    private readonly port: number,
    private readonly hasETag: boolean,
  ) {}

  /** Bytes that have arrived, headers included. */
  get bytes(): number {
    return this.socket?.bytesRead ?? 0;
  }

  poll(): Promise<void> {
    const { port, agent, etag } = this;
    const headers = this.hasETag && etag !== undefined ? { 'If-None-Match': etag } : {};
    return new Promise((resolve, reject) => {
      get({ port, path: '/state', agent, host: '127.0.0.1', headers }, (response) => {
        this.socket = response.socket;
        this.etag = response.headers.etag;
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
