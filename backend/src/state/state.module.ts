import { Module } from '@nestjs/common';

import { GameModule } from '../game/game.module.js';
import { SessionModule } from '../session/session.module.js';
import { StateController } from './state.controller.js';
import { StateService } from './state.service.js';

@Module({ imports: [GameModule, SessionModule], controllers: [StateController], providers: [StateService] })
export class StateModule {}
