import { ErrorReply } from 'redis';

import type { OpenWire, Wire, WireEvents } from '../../src/wire.js';

type Answer = unknown;

/** Answers of a server that any node may use. A test replaces some of them. */
const USUAL: Readonly<Record<string, (args: readonly string[]) => Answer>> = {
  INFO: () => 'redis_version:7.0.15\r\ncluster_enabled:0\r\nmaxmemory_policy:noeviction\r\nmaster_replid:abc\r\n',
  GET: () => 'lineage.1',
  COMMAND: (args) => args.slice(2).map(() => []),
  SCRIPT: (args) => (args[1] === 'EXISTS' ? args.slice(2).map(() => 1) : 'sha'),
  EVALSHA: () => 'OK',
  PING: () => 'PONG',
};

/** A server of which a test decides each answer. */
export class FakeServer {
  readonly commands: (readonly string[])[] = [];
  readonly wires: FakeWire[] = [];
  /** Answers by the name of the command. */
  answers: Record<string, (args: readonly string[]) => Answer> = { ...USUAL };
  /** While set, connections are refused with it. */
  refusal: Error | undefined;
  /** While set, the server answers nothing, and no connection opens. */
  isFrozen = false;

  readonly open: OpenWire = async (events, signal) => {
    if (this.refusal !== undefined) throw this.refusal;
    if (this.isFrozen) {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }
    const wire = new FakeWire(this, events);
    this.wires.push(wire);
    return wire;
  };

  /** The commands with this name. */
  named(name: string): (readonly string[])[] {
    return this.commands.filter(([command]) => command === name);
  }
}

class FakeWire implements Wire {
  isDestroyed = false;
  readonly subscribed = new Set<string>();
  private readonly pending = new Set<(error: Error) => void>();

  constructor(
    private readonly server: FakeServer,
    readonly events: WireEvents,
  ) {}

  async send(args: readonly string[]): Promise<unknown> {
    this.server.commands.push(args);
    return this.reply(() => this.server.answers[args[0]!]?.(args));
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    await this.reply(() => channels.forEach((channel) => this.subscribed.add(channel)));
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.reply(() => this.subscribed.delete(channel));
  }

  destroy(): void {
    this.isDestroyed = true;
    for (const reject of this.pending) reject(new Error('Disconnects client'));
  }

  private reply(answer: () => Answer): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isDestroyed) return reject(new Error('The client is closed'));
      this.pending.add(reject);
      if (this.server.isFrozen) return;
      const value = answer();
      if (value instanceof Error) reject(value);
      else resolve(value);
      this.pending.delete(reject);
    });
  }
}

/** An error reply of the server. */
export function errorReply(message: string): Error {
  return new ErrorReply(message);
}
