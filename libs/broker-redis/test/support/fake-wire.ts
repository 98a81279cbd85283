import { FakeServerBase, FakeWireBase } from '@statewire/verification/brokers';
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
export class FakeServer extends FakeServerBase<FakeWire> {
  readonly commands: (readonly string[])[] = [];
  /** Answers by the name of the command. */
  answers: Record<string, (args: readonly string[]) => Answer> = { ...USUAL };

  readonly open: OpenWire = (events, signal) => this.accept(() => new FakeWire(this, events), signal);

  /** The commands with this name. */
  named(name: string): (readonly string[])[] {
    return this.commands.filter(([command]) => command === name);
  }
}

class FakeWire extends FakeWireBase implements Wire {
  readonly subscribed = new Set<string>();

  constructor(
    private readonly server: FakeServer,
    readonly events: WireEvents,
  ) {
    super(server);
  }

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
}

/** An error reply of the server. */
export function errorReply(message: string): Error {
  return new ErrorReply(message);
}
