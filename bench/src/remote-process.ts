import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The calls that a role answers. Arguments and results cross processes as JSON. */
export type Calls<Role> = { readonly [Name in keyof Role]?: (argument: never) => unknown };

/** A call of the driver to a process: one line of its standard input. */
export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly argument?: unknown;
}

/** The answer of a process: one line of its standard output. The first one, with the id 0, says that the role has started. */
export interface ReplyMessage {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

const MAIN = join(import.meta.dirname, 'remote-main.js');

/** A role in a process of its own, so that its CPU and memory are its own. */
export class RemoteProcess<Role extends Calls<Role>> {
  private lastId = 0;
  private readonly waiting = new Map<number, (reply: ReplyMessage) => void>();
  private readonly ended: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => this.settle(JSON.parse(line) as ReplyMessage));
    this.ended = once(child, 'close').then(([code]) => this.settleAll(`The process ended with ${code}.`));
    child.once('error', ({ message }) => this.settleAll(message));
  }

  /**
   * Starts `role`, a compiled file beside this one, whose export `start` gets `options` and returns the calls.
   *
   * @param program that runs JavaScript. Default: Node.
   */
  static start<Role extends Calls<Role>>(
    role: string,
    options: unknown,
    program: readonly string[] = [process.execPath, '--expose-gc'],
  ): Promise<RemoteProcess<Role>> {
    return RemoteProcess.run([...program, MAIN, role, JSON.stringify(options)]);
  }

  /** Starts a program that reads calls and writes replies itself. */
  static async run<Role extends Calls<Role>>([command = '', ...args]: readonly string[]): Promise<RemoteProcess<Role>> {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const remote = new RemoteProcess<Role>(child);
    await remote.answer(0);
    return remote;
  }

  get pid(): number {
    return this.child.pid!;
  }

  async call<Name extends string & keyof Role>(
    name: Name,
    argument?: Parameters<NonNullable<Role[Name]>>[0],
  ): Promise<Awaited<ReturnType<NonNullable<Role[Name]>>>> {
    const id = (this.lastId += 1);
    const answer = this.answer(id);
    this.child.stdin!.write(`${JSON.stringify({ id, name, argument } satisfies CallMessage)}\n`);
    return (await answer) as Awaited<ReturnType<NonNullable<Role[Name]>>>;
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

  private settleAll(error: string): void {
    for (const id of this.waiting.keys()) this.settle({ id, error });
  }
}
