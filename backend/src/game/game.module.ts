import { Module } from '@nestjs/common';

import { ARENA_CONFIG, type ArenaConfig } from '../config/arena-config.js';
import { BattleService } from './battle.service.js';
import { FileArchive } from './file-archive.js';
import { GAME_ARCHIVE, NO_ARCHIVE, type GameArchive } from './game-archive.js';
import { GameAnswers } from './game-answers.js';
import { GameHost } from './game-host.js';
import { GameRequests } from './game-requests.js';
import { Game } from './game.js';
import { House } from './house.js';
import { LobbyService } from './lobby.service.js';
import { NotificationService } from './notification.service.js';
import { Publisher } from './publisher.js';
import { RunService } from './run.service.js';
import { Ticker } from './ticker.js';

function archiveOf({ saveFile }: Pick<ArenaConfig, 'saveFile'>): GameArchive {
  return saveFile === undefined ? NO_ARCHIVE : new FileArchive(saveFile);
}

@Module({
  providers: [
    ...[Publisher, BattleService, NotificationService, RunService, LobbyService, House, Game, Ticker],
    ...[GameAnswers, GameHost, GameRequests],
    { provide: GAME_ARCHIVE, inject: [ARENA_CONFIG], useFactory: archiveOf },
  ],
  exports: [GameRequests],
})
export class GameModule {}
