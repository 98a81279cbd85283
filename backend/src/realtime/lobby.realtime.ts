import { lobby, type Lobby } from '@statewire/arena';
import { OnTopic, RealtimeHandlers } from '@statewire/nest';

import { GameRequests } from '../game/game-requests.js';

@RealtimeHandlers()
export class LobbyRealtime {
  constructor(private readonly game: GameRequests) {}

  @OnTopic(lobby)
  load(): Promise<Lobby> {
    return this.game.load({ type: 'load-lobby' });
  }
}
