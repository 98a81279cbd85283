import type { NewPublication, PublishOptions } from '@statewire/nest';
import type { Position } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { Epochs } from '../../src/epochs.js';
import { Keys } from '../../src/keys.js';
import type { ScriptCall } from '../../src/link.js';
import { Publisher } from '../../src/publisher.js';
import { topicScripts } from '../../src/scripts/topic-scripts.js';

export const HISTORY = { count: 1_000, bytes: 2 ** 20, ageMs: 60_000 };
export const BIG = 'x'.repeat(1_000);

export interface Sent {
  readonly id: string;
  readonly flags: string;
  readonly before: string;
  readonly base: string;
  readonly withData: boolean;
  answer(...reply: unknown[]): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A link whose replies the test gives. */
class FakeLink {
  up = true;
  adoptions = 0;
  readonly sent: Sent[] = [];

  attempt({ args }: ScriptCall): Promise<unknown> {
    const [, , , id, base = '', , data = '', before = '', flags = ''] = args;
    return new Promise((resolve, reject) => {
      this.sent.push({
        ...{ id: id!, flags, before, base, withData: data !== '' },
        answer: async (...reply) => {
          resolve(reply.join(' '));
          await turn();
        },
        fail: async (error) => {
          reject(error);
          await turn();
        },
      });
    });
  }

  isUp(): boolean {
    return this.up;
  }

  async send(): Promise<unknown> {
    return 0;
  }

  async adopt(): Promise<void> {
    this.adoptions += 1;
  }

  /** The publications that were sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}

export async function turn(): Promise<void> {
  for (let n = 0; n < 5; n++) await Promise.resolve();
}

export function create(limits = { count: 100, bytes: 1_000_000, timeoutMs: 5_000 }, history = HISTORY) {
  const link = new FakeLink();
  const environment = new VirtualEnvironment();
  const publisher = new Publisher(
    link,
    new Keys('sw'),
    topicScripts(history),
    new Epochs('n'),
    { environment, history },
    limits,
  );
  const outcomes: Record<string, Position | string> = {};
  const publish = (publication: NewPublication, options?: PublishOptions): void => {
    publisher.publish('lobby', publication, options).then(
      (position) => (outcomes[publication.id] = position),
      (error: { code: string }) => (outcomes[publication.id] = error.code),
    );
  };
  return { link, environment, publisher, outcomes, publish };
}

export function state(id: string, base?: string): NewPublication {
  return { kind: 'state', id, data: BIG, ...(base === undefined ? {} : { patch: { base, delta: '{}' } }) };
}

export function event(id: string): NewPublication {
  return { kind: 'events', id, data: '1' };
}

export const ids = (sent: readonly Sent[]): string[] => sent.map(({ id }) => id);
