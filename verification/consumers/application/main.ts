import { NestFactory } from '@nestjs/core';

import { CounterModule } from './server.js';
import { use } from './use.js';

void NestFactory.create(CounterModule, { logger: ['error'] }).then(use);
