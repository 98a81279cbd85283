import { Module } from '@nestjs/common';

import { SessionModule } from '../session/session.module.js';
import { ChaosController } from './chaos.controller.js';

@Module({ imports: [SessionModule], controllers: [ChaosController] })
export class ChaosModule {}
