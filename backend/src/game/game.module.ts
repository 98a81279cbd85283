import { Module } from '@nestjs/common';

import { BattleService } from './battle.service.js';
import { Game } from './game.js';
import { House } from './house.js';
import { LobbyService } from './lobby.service.js';
import { NotificationService } from './notification.service.js';
import { Publisher } from './publisher.js';
import { RunService } from './run.service.js';
import { Ticker } from './ticker.js';

@Module({
  providers: [Publisher, BattleService, NotificationService, RunService, LobbyService, House, Game, Ticker],
  exports: [BattleService, NotificationService, RunService, LobbyService],
})
export class GameModule {}
