import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that may be under way at once: browsers and proxies wait for each answer. */
const MOST = 4;

/**
 * Counts requests that a connection sent without waiting for answers. Node hands out all it has read at once and keeps
 * their answers until those before them are written, so that one write of a client could ask for as much memory as it
 * likes.
 */
export class Pipelines {
  private readonly underWay = new WeakMap<Socket, number>();

  /** @returns whether there was room for one more request. Where there was, it counts until it is answered. */
  enter({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const count = this.underWay.get(socket) ?? 0;
    if (count >= MOST) return false;
    this.underWay.set(socket, count + 1);
    response.once('close', () => this.underWay.set(socket, (this.underWay.get(socket) ?? 1) - 1));
    return true;
  }
}
