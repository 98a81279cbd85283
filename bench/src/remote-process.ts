import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** What a role can be asked to do. Arguments and results cross processes as JSON. */
export type Calls<Role> = { readonly [Name in keyof Role]: (argument: never) => unknown };

/** A call of the driver to a process. */
export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

/** The answer of a process. The first one, with the id 0, says that the role has started. */
export interface ReplyMessage {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A role in a process of its own, so that its CPU and memory are its own. */
export class RemoteProcess<Role extends Calls<Role>> {
  private lastId = 0;
  private readonly waiting = new Map<number, (reply: ReplyMessage) => void>();
  private readonly ended: Promise<void>;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (reply: ReplyMessage) => this.settle(reply));
    this.ended = new Promise((resolve) => {
      child.once('exit', (code) => {
        for (const id of this.waiting.keys()) this.settle({ id, error: `The process ended with ${code}.` });
        resolve();
      });
    });
  }

  /** Starts `role`, a compiled file beside this one, whose export `start` gets `options` and returns the calls. */
  static async start<Role extends Calls<Role>>(role: string, options: unknown): Promise<RemoteProcess<Role>> {
    const child = fork(join(import.meta.dirname, 'remote-main.js'), [role, JSON.stringify(options)], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const remote = new RemoteProcess<Role>(child);
    await remote.answer(0);
    return remote;
  }

  async call<Name extends string & keyof Role>(
    name: Name,
    argument?: Parameters<Role[Name]>[0],
  ): Promise<Awaited<ReturnType<Role[Name]>>> {
    const id = (this.lastId += 1);
    const answer = this.answer(id);
    this.child.send({ id, name, argument } satisfies CallMessage);
    return (await answer) as Awaited<ReturnType<Role[Name]>>;
  }

  /** Asks the process to end as a deploy does. Resolves when it has ended, or is killed after `withinMs`. */
  async stop(withinMs = 2_000): Promise<void> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), withinMs);
    await this.ended;
    clearTimeout(timer);
  }

  private answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(error))));
    });
  }

  private settle(reply: ReplyMessage): void {
    this.waiting.get(reply.id)?.(reply);
    this.waiting.delete(reply.id);
  }
}
