import 'reflect-metadata';

import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Caller, OnPresence, OnTopic, RealtimeHandlers, RealtimeModule } from '@statewire/nest';

import { people, room } from './contract.js';

interface User {
  readonly name: string;
}

@RealtimeHandlers()
class RoomRealtime {
  @OnTopic(room)
  load(): void {}

  /** The data that everybody in the room sees of a member. Members without a name are only counted. */
  @OnPresence(people)
  member(@Caller() user: User | undefined): User | undefined {
    return user && { name: user.name };
  }
}

@Module({
  imports: [
    RealtimeModule.forRoot({
      // A real application verifies a signed token here.
      authenticate: (_request, token) => ({ id: token, user: { name: token } }),
      // A member stays for this time after its connection ended, so that a page reload does not look like a departure.
      presence: { graceMs: 500 },
    }),
  ],
  providers: [RoomRealtime],
})
class RoomModule {}

export async function startServer(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(RoomModule, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(port);
  return app;
}
