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
export class FakeServer {
  readonly statements: Statement[] = [];
  readonly wires: FakeWire[] = [];
  /** While set, connections are refused with it. */
  refusal: Error | undefined;
  /** While set, the server answers nothing, and no connection opens. */
  isFrozen = false;
  /** While set, notifications get lost, as behind a pooler in transaction mode. */
  isDeaf = false;
  private readonly answers: (readonly [part: string, answer: (values: readonly unknown[]) => Answer])[] = [...USUAL];

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

class FakeWire implements Wire {
  received = 0;
  isDestroyed = false;
  readonly listened = new Set<string>();
  private readonly pending = new Set<(error: Error) => void>();

  constructor(
    private readonly server: FakeServer,
    readonly events: WireEvents,
  ) {}

  query(statement: Statement): Promise<readonly Row[]> {
    this.server.statements.push(statement);
    return new Promise((resolve, reject) => {
      if (this.isDestroyed) return reject(new Error('Connection terminated'));
      this.pending.add(reject);
      if (this.server.isFrozen) return;
      const [, word, channel] = /^(listen|unlisten) "(.*)"$/.exec(statement.text) ?? [];
      if (word === 'listen') this.listened.add(channel!);
      if (word === 'unlisten') this.listened.delete(channel!);
      const answer = this.server.reply(statement);
      this.received += 1;
      if (answer instanceof Error) reject(answer);
      else resolve(answer);
      this.pending.delete(reject);
    });
  }

  destroy(): void {
    this.isDestroyed = true;
    for (const reject of this.pending) reject(new Error('Connection terminated'));
  }
}

/** An error of the server. */
export function serverError(code: string, message: string): Error {
  const error = new DatabaseError(message, 0, 'error');
  error.code = code;
  error.severity = 'ERROR';
  return error;
}
