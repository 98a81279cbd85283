import { FakeServerBase, FakeWireBase } from '@statewire/verification/brokers';
import { DatabaseError } from 'pg';

import type { OpenWire, Row, Statement, Wire, WireEvents } from '../../src/wire.js';

type Answer = readonly Row[] | Error;

const SERVER = { version: '15.18', number: 150_018, encoding: 'UTF8', standby: false, readonly: false };

/** Answers of a server that any node may use, by a part of the statement. A test puts others before them. */
const USUAL: readonly (readonly [part: string, answer: (values: readonly unknown[]) => Answer])[] = [
  ['server_version', () => [SERVER]],
  ['to_regclass', () => [{ found: true }]],
  ['.meta', () => [{ version: 1 }]],
  ['.adopt(', () => [{ adopt: 5 }]],
  ['.beat(', () => [{ beat: true }]],
];

/** A server of which a test decides each answer. */
export class FakeServer extends FakeServerBase<FakeWire> {
  readonly statements: Statement[] = [];
  /** While set, notifications get lost, as behind a pooler in transaction mode. */
  isDeaf = false;
  private readonly answers: (readonly [part: string, answer: (values: readonly unknown[]) => Answer])[] = [...USUAL];

  readonly open: OpenWire = (events, signal) => this.accept(() => new FakeWire(this, events), signal);

  /** Answers statements with this part from now on. */
  answer(part: string, answer: (values: readonly unknown[]) => Answer): void {
    this.answers.unshift([part, answer]);
  }

  /** What the server says about itself. */
  describe(changes: Partial<typeof SERVER>): void {
    this.answer('server_version', () => [{ ...SERVER, ...changes }]);
  }

  /** The statements with this part. */
  named(part: string): readonly Statement[] {
    return this.statements.filter(({ text }) => text.includes(part));
  }

  /** Sends a notification to all connections that listen on the channel. */
  notify(channel: string, message: string): void {
    if (this.isDeaf) return;
    for (const { events, isDestroyed, listened } of this.wires) {
      if (!isDestroyed && listened.has(channel)) events.onMessage(channel, message);
    }
  }

  reply({ text, values = [] }: Statement): Answer {
    if (text.includes('pg_notify')) this.notify(String(values[0]), String(values[1]));
    return this.answers.find(([part]) => text.includes(part))?.[1](values) ?? [];
  }
}

class FakeWire extends FakeWireBase implements Wire {
  received = 0;
  readonly listened = new Set<string>();

  constructor(
    private readonly server: FakeServer,
    readonly events: WireEvents,
  ) {
    super(server);
  }

  query(statement: Statement): Promise<readonly Row[]> {
    this.server.statements.push(statement);
    return this.reply(() => {
      const [, word, channel] = /^(listen|unlisten) "(.*)"$/.exec(statement.text) ?? [];
      if (word === 'listen') this.listened.add(channel!);
      if (word === 'unlisten') this.listened.delete(channel!);
      this.received += 1;
      return this.server.reply(statement);
    });
  }
}

/** An error of the server. */
export function serverError(code: string, message: string): Error {
  const error = new DatabaseError(message, 0, 'error');
  error.code = code;
  error.severity = 'ERROR';
  return error;
}
