import type { Server as HttpServer } from 'node:http';

import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { type Server, WebSocket } from 'ws';

import { createBattle, type BattleModel } from '../battle-model.js';
import { listenAnywhere } from '../listening-port.js';
import type { BenchServer } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';
import { AnsweringGateway } from './answering-gateway.js';

@WebSocketGateway({ path: '/ws' })
class PlainGateway extends AnsweringGateway {
  @WebSocketServer() server!: Server;
  state = createBattle();

  /** A typical gateway: one `JSON.stringify` and one `send` for each client. */
  broadcast(event: string, data: unknown): void {
    for (const client of this.server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(JSON.stringify({ event, data }));
    }
  }
}

/** The endpoint for polling clients. Express answers with an `ETag`. */
@Controller()
class StateController {
  constructor(private readonly gateway: PlainGateway) {}

  @Get('state')
  state(): BattleModel {
    return this.gateway.state;
  }
}

@Module({ providers: [PlainGateway], controllers: [StateController] })
class PlainModule {}

export async function start(): Promise<BenchServer> {
  const app: INestApplication<HttpServer> = await NestFactory.create(PlainModule, { logger: ['error'] });
  const sockets = new SocketCount(app.getHttpServer());
  app.useWebSocketAdapter(new WsAdapter(app));
  const port = await listenAnywhere(app);
  const gateway = app.get(PlainGateway);
  return {
    port,
    publishBattle: (value) => {
      gateway.state = value;
      gateway.broadcast('battle', value);
    },
    publishEvents: (events) => {
      for (const event of events) gateway.broadcast('event', event);
    },
    bytesWritten: () => sockets.bytesWritten(),
    cut: () => sockets.cut(),
  };
}
