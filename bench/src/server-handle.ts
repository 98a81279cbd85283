import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import type { Command, Reply } from './server-protocol.js';

/** A server in a process of its own, so that its CPU and memory are its own. */
export class ServerHandle {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(arm: string): Promise<ServerHandle> {
    const child = fork(join(import.meta.dirname, 'server-process.js'), [arm], { execArgv: ['--expose-gc'] });
    const { port } = await nextReply(child, 'listening');
    return new ServerHandle(child, port);
  }

  async ask<T extends Reply['type']>(command: Command, type: T): Promise<Extract<Reply, { type: T }>> {
    this.child.send(command);
    return nextReply(this.child, type);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.send({ type: 'stop' } satisfies Command);
    // Gateways of the other arms keep their sockets open; the figures are taken, so nothing is lost.
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 2_000);
    await gone;
    clearTimeout(timer);
  }
}

function nextReply<T extends Reply['type']>(child: ChildProcess, type: T): Promise<Extract<Reply, { type: T }>> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Reply): void => {
      if (message.type !== type) return;
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(message as Extract<Reply, { type: T }>);
    };
    const onExit = (code: number | null): void => reject(new Error(`The server process ended with ${code}.`));
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}
