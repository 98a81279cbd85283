import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { battle, lobby, run, type ArenaState, type Notification } from '@statewire/arena';
import { RealtimeBus } from '@statewire/nest';
import type { TopicReference } from '@statewire/protocol';
import { catchError, EMPTY, firstValueFrom, timeout } from 'rxjs';

import { GameRequests } from '../game/game-requests.js';

/** Above the maximum time in which a topic loads its first value. */
const PATIENCE = 3_000;

/** Reads the whole state from the topics that clients follow. */
@Injectable()
export class StateService {
  constructor(
    private readonly bus: RealtimeBus,
    private readonly game: GameRequests,
  ) {}

  async compose(playerId?: string): Promise<ArenaState> {
    const list = (await this.#current(lobby.with())) ?? { battles: [], runs: [] };
    const [runs, battles] = await Promise.all([
      this.#collect(list.runs.map(({ runId }) => [runId, run.with({ runId })] as const)),
      this.#collect(list.battles.map(({ battleId }) => [battleId, battle.with({ battleId })] as const)),
    ]);
    const notifications = playerId === undefined ? [] : await this.#notificationsOf(playerId);
    return { lobby: list, runs, battles, notifications };
  }

  /** @throws (rejects) ServiceUnavailableException while no node runs the game. */
  #notificationsOf(playerId: string): Promise<readonly Notification[]> {
    return this.game.load<readonly Notification[]>({ type: 'load-notifications', playerId }).catch((cause: Error) => {
      throw new ServiceUnavailableException(cause.message, { cause });
    });
  }

  async #collect<Value>(
    topics: readonly (readonly [id: string, TopicReference<Value>])[],
  ): Promise<Record<string, Value>> {
    const found = new Map<string, Value>();
    const read = topics.map(async ([id, topic]) => {
      const value = await this.#current(topic);
      if (value !== undefined) found.set(id, value);
    });
    await Promise.all(read);
    return Object.fromEntries(found);
  }

  /** Undefined if the topic was closed after the lobby listed it. */
  #current<Value>(topic: TopicReference<Value>): Promise<Value | undefined> {
    const values = this.bus.stream(topic).pipe(
      timeout({ first: PATIENCE }),
      catchError(() => EMPTY),
    );
    return firstValueFrom(values, { defaultValue: undefined });
  }
}
