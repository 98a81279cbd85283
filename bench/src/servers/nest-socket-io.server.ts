import type { Server as HttpServer } from 'node:http';

import { type INestApplication, Module, UseGuards, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import type { Server } from 'socket.io';

import { listenAnywhere } from '../listening-port.js';
import type { BenchServer } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';
import { type Answer, AllowGuard, PassInterceptor, PassPipe, type Question } from './enhancers.js';

@WebSocketGateway({ transports: ['websocket'] })
class IoGateway {
  @WebSocketServer() server!: Server;

  @SubscribeMessage('plain')
  plain(@MessageBody() { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }

  @UseGuards(AllowGuard)
  @SubscribeMessage('guard')
  guarded(@MessageBody() { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }

  @SubscribeMessage('pipe')
  piped(@MessageBody(PassPipe) { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }

  @UseInterceptors(PassInterceptor)
  @SubscribeMessage('interceptor')
  intercepted(@MessageBody() { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }
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
