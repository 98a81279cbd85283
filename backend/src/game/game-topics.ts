import type { Notification } from '@statewire/arena';
import { stateTopic } from '@statewire/protocol';

/** The topics of the game, from which another node takes it over. */
export interface GameIndex {
  /** Changes each time a node takes over the game. */
  readonly tenure: string;
  /** Names of the topics whose values are the state of the game. */
  readonly topics: readonly string[];
}

/** The node that holds the lease of this topic runs the game. No client may read it. */
export const gameIndex = stateTopic<GameIndex>()('game');

/** The notifications of a player that are not dismissed, oldest first. Only that player may read them. */
export const inbox = stateTopic<readonly Notification[]>()('players/:playerId/inbox');
