import { Inject, Injectable } from '@nestjs/common';
import {
  notifications,
  type BattleSnapshot,
  type Notification,
  type NotificationEvent,
  type Offer,
  type RunSnapshot,
} from '@statewire/arena';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { RuleError } from '../run/rule-error.js';
import { GAME_OPTIONS, type GameOptions } from './game-options.js';
import type { GameOrigin } from './game-archive.js';
import { inbox } from './game-topics.js';
import { Publisher } from './publisher.js';

type News = Pick<Notification, 'kind' | 'title' | 'text'>;

/** Keeps the notifications of each player until the player dismisses them. The house gets none. */
@Injectable()
export class NotificationService {
  /** By player, the most recently notified player last. */
  readonly #lists = new Map<string, readonly Notification[]>();

  constructor(
    private readonly publisher: Publisher,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(GAME_OPTIONS) private readonly options: GameOptions,
  ) {}

  /** By player. */
  get lists(): readonly (readonly [playerId: string, list: readonly Notification[]])[] {
    return [...this.#lists];
  }

  /** Restores the state of another process. The history of the events may have ended with that process. */
  async restore(
    lists: readonly (readonly [playerId: string, list: readonly Notification[]])[],
    origin: GameOrigin,
  ): Promise<void> {
    this.#lists.clear();
    for (const [playerId, list] of lists) {
      // An invalid name throws here, before the service stores anything.
      inbox.with({ playerId });
      this.#lists.set(playerId, list);
      if (origin !== 'topics') await this.publisher.publish(inbox.with({ playerId }), list);
      if (origin !== 'archive') continue;
      for (const notification of list) await this.#tell(playerId, { type: 'notified', notification });
    }
  }

  /** Discards the notifications of all players. */
  async clear(): Promise<void> {
    const players = [...this.#lists.keys()];
    this.#lists.clear();
    await Promise.all(players.map((playerId) => this.publisher.close(inbox.with({ playerId }))));
  }

  /** Oldest first. */
  list(playerId: string): readonly Notification[] {
    return this.#lists.get(playerId) ?? [];
  }

  /** @throws RuleError if the player has no such notification. */
  async dismiss(playerId: string, notificationId: string): Promise<void> {
    const list = this.list(playerId);
    const left = list.filter(({ id }) => id !== notificationId);
    if (left.length === list.length) throw new RuleError('There is no such notification.');
    this.#lists.set(playerId, left);
    await this.#publish(playerId, left, { type: 'dismissed', notificationId });
  }

  runStarted(run: RunSnapshot): Promise<void> {
    const text = `${run.party.map(({ name }) => name).join(', ')} set out.`;
    return this.#notify(run, { kind: 'run-started', title: 'A new run', text });
  }

  picked(run: RunSnapshot, offer: Offer): Promise<void> {
    return this.#notify(run, { kind: 'loot', ...describeOffer(offer) });
  }

  async settled(before: RunSnapshot, after: RunSnapshot, battle: BattleSnapshot): Promise<void> {
    if (battle.status === 'lost') {
      await this.#notify(after, { kind: 'battle-lost', title: 'Defeat', text: `The party fell at ${battle.title}.` });
    } else {
      const text = `${battle.title} is yours: ${after.gold - before.gold} gold.`;
      await this.#notify(after, { kind: 'battle-won', title: 'Victory', text });
    }
    if (after.outcome === 'won') {
      await this.#notify(after, { kind: 'run-won', title: 'The run is won', text: 'The last gate stands open.' });
    }
    if (after.outcome === 'lost') await this.gaveUp(after);
  }

  gaveUp(run: RunSnapshot): Promise<void> {
    const visited = run.rooms.filter((room) => room.visited).length;
    const text = `It ended after ${visited} ${visited === 1 ? 'room' : 'rooms'}.`;
    return this.#notify(run, { kind: 'run-lost', title: 'The run is over', text });
  }

  async #notify({ runId, player }: RunSnapshot, news: News): Promise<void> {
    if (player.house) return;
    const { playerId } = player;
    const notification: Notification = { id: this.environment.id(), ...news, at: this.environment.now(), runId };
    const list = [...this.list(playerId), notification].slice(-this.options.notificationsKept);
    this.#lists.delete(playerId);
    this.#lists.set(playerId, list);
    this.#forgetQuietest();
    await this.#publish(playerId, list, { type: 'notified', notification });
  }

  #forgetQuietest(): void {
    const [quietest] = this.#lists.keys();
    if (this.#lists.size <= this.options.playersKept || quietest === undefined) return;
    this.#lists.delete(quietest);
    void this.publisher.close(inbox.with({ playerId: quietest }));
  }

  /** The event follows its list, so that a node that does not run the game any more tells nothing. */
  async #publish(playerId: string, list: readonly Notification[], event: NotificationEvent): Promise<void> {
    if (await this.publisher.publish(inbox.with({ playerId }), list)) await this.#tell(playerId, event);
  }

  async #tell(playerId: string, event: NotificationEvent): Promise<void> {
    await this.publisher.publishEvent(notifications.with({ playerId }), event);
  }
}

function describeOffer(offer: Offer): Pick<News, 'title' | 'text'> {
  switch (offer.kind) {
    case 'card':
      return { title: offer.card.name, text: `${offer.card.member}: ${offer.card.text}.` };
    case 'relic':
      return { title: offer.relic.name, text: `${offer.relic.text}.` };
    case 'heal':
    case 'train':
      return { title: offer.name, text: offer.text };
  }
}
