import { setTimeout as wait } from 'node:timers/promises';

import { notifications, startRun, type Session } from '@statewire/arena';
import type { RealtimeClient, RealtimeClientOptions } from '@statewire/client';
import { Oracle, until } from '@statewire/verification/faults';
import { firstValueFrom } from 'rxjs';

import { arenaClient, signIn } from './arena-client.js';

/** Below the limits of the Arena, and more often than nodes come and go. */
const PERIOD_MS = 100;

const POLLING = { webSocket: { enabled: false }, polling: { intervalMs: 100 } };

/** The history is longer than what a test publishes, so that no page need miss an event. */
export const NOTHING_LOST = { violations: [], losses: 0 };

/** The pages of a player. One of them starts one run after another, and each run is an event that all pages get. */
export class FollowedNews {
  private readonly oracle = new Oracle();
  private readonly clients: RealtimeClient[] = [];
  private hasEnded = false;
  private playing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly origin: string,
    private readonly session: Session,
  ) {}

  /** Signs a player in, whose first page polls. */
  static async start(origin: string): Promise<FollowedNews> {
    const news = new FollowedNews(origin, await signIn(origin));
    const player = news.follow(POLLING);
    news.playing = news.play(player);
    return news;
  }

  /** Opens a further page. */
  follow(options: Partial<RealtimeClientOptions> = {}): RealtimeClient {
    const { playerId, token } = this.session;
    const client = arenaClient(this.origin, { token: () => token, ...options });
    this.clients.push(client);
    this.oracle.followEvents(`page ${this.clients.length}`, client, notifications.with({ playerId }));
    return client;
  }

  /**
   * Resolves when all pages have the same newest event.
   *
   * @returns the ways in which a page missed an event without a word, got one twice or out of order, or got another one than
   * the others, and the number of losses that pages were told of.
   */
  async report(): Promise<Pick<Oracle, 'violations' | 'losses'>> {
    const { checked } = this.oracle;
    await until(() => this.oracle.checked > checked, 'further events');
    await this.oracle.started();
    this.hasEnded = true;
    await this.playing;
    await this.oracle.converged();
    const { losses, violations } = this.oracle;
    return { losses, violations };
  }

  close(): void {
    this.hasEnded = true;
    for (const client of this.clients) client.close();
  }

  private async play(player: RealtimeClient): Promise<void> {
    while (!this.hasEnded) {
      // The node that runs the game may end while it starts a run.
      await firstValueFrom(player.act(startRun, {}, { expiresAfterMs: 0 })).catch(() => undefined);
      await wait(PERIOD_MS);
    }
  }
}
