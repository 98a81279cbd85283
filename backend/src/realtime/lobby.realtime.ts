import { lobby, type Lobby } from '@statewire/arena';
import { OnTopic, RealtimeHandlers } from '@statewire/nest';

import { LobbyService } from '../game/lobby.service.js';

@RealtimeHandlers()
export class LobbyRealtime {
  constructor(private readonly lobby: LobbyService) {}

  @OnTopic(lobby)
  load(): Lobby {
    return this.lobby.snapshot;
  }
}
