import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

import { CounterModule } from './server.js';
import { use } from './use.js';

void NestFactory.create(CounterModule, new FastifyAdapter(), { logger: ['error'] }).then(use);
