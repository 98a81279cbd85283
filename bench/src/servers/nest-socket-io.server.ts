import type { Server as HttpServer } from 'node:http';

import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import type { Server } from 'socket.io';

import { listenAnywhere } from '../listening-port.js';
import type { BenchServer } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';
import { AnsweringGateway } from './answering-gateway.js';

@WebSocketGateway({ transports: ['websocket'] })
class IoGateway extends AnsweringGateway {
  @WebSocketServer() server!: Server;
}

@Module({ providers: [IoGateway] })
class IoModule {}

export async function start(): Promise<BenchServer> {
  const app: INestApplication<HttpServer> = await NestFactory.create(IoModule, { logger: ['error'] });
  const sockets = new SocketCount(app.getHttpServer());
  app.useWebSocketAdapter(new IoAdapter(app));
  const port = await listenAnywhere(app);
  const { server } = app.get(IoGateway);
  return {
    port,
    publishBattle: (value) => void server.emit('battle', value),
    publishEvents: (events) => {
      for (const event of events) server.emit('event', event);
    },
    bytesWritten: () => sockets.bytesWritten(),
    cut: () => sockets.cut(),
  };
}
