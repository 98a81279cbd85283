import type { Server as HttpServer } from 'node:http';

import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server } from 'socket.io';

import { listenAnywhere } from '../listening-port.js';
import type { BenchServer } from '../server-protocol.js';

@WebSocketGateway({ transports: ['websocket'] })
class IoGateway {
  @WebSocketServer() server!: Server;
}

@Module({ providers: [IoGateway] })
class IoModule {}

export async function start(): Promise<BenchServer> {
  const app: INestApplication<HttpServer> = await NestFactory.create(IoModule, { logger: ['error'] });
  app.useWebSocketAdapter(new IoAdapter(app));
  const port = await listenAnywhere(app);
  const { server } = app.get(IoGateway);
  return {
    port,
    publishBattle: (value) => void server.emit('battle', value),
    publishEvent: (value) => void server.emit('event', value),
    close: () => app.close(),
  };
}
