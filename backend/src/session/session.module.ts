import { Module } from '@nestjs/common';

import { SessionController } from './session.controller.js';
import { TokenService } from './token.service.js';

@Module({ controllers: [SessionController], providers: [TokenService], exports: [TokenService] })
export class SessionModule {}
