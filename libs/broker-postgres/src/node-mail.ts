import type { Environment } from '@statewire/nest';
import type { NodeMessenger } from '@statewire/nest/broker';

import type { PostgresLink } from './link.js';

/** Time after which the server deletes a message that no node has collected. */
const TTL_MS = 60_000;

/** Passes messages in notifications. The server keeps those that are too long until their node collects them. */
export class PostgresNodeMail implements NodeMessenger {
  constructor(
    private readonly link: Pick<PostgresLink, 'attempt' | 'run'>,
    private readonly environment: Pick<Environment, 'id'>,
  ) {}

  async sendOnce(node: string, text: string): Promise<boolean> {
    await this.link.attempt('send', node, this.environment.id(), text, TTL_MS);
    // The server does not tell whether a node listens.
    return true;
  }

  async send(node: string, text: string): Promise<void> {
    await this.link.run('send', node, this.environment.id(), text, TTL_MS);
  }

  /** Returns the message of a notification: `M` and the message, or `R` and the id of one to collect. Undefined: it is gone. */
  async open(notification: string): Promise<string | undefined> {
    const rest = notification.slice(1);
    if (notification.startsWith('M')) return rest;
    const [row] = await this.link.run('collect', rest);
    return (row?.collect as string | null | undefined) ?? undefined;
  }
}
