import { UseGuards } from '@nestjs/common';
import { OnTopic, RealtimeHandlers } from '@statewire/nest';

import { gameIndex } from '../game/game-topics.js';
import { NobodyGuard } from './nobody.guard.js';

@RealtimeHandlers()
export class GameRealtime {
  @OnTopic(gameIndex)
  @UseGuards(NobodyGuard)
  load(): void {
    // Only the node that runs the game publishes.
  }
}
