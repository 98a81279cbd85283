import 'reflect-metadata';

import { Controller, Get, Module, type INestApplication, type LoggerService } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SkipThrottle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { OnAction, OnTopic, RealtimeHandlers, RealtimeModule, TopicParams } from '@statewire/nest';
import { action, stateTopic } from '@statewire/protocol';
import { filter, firstValueFrom, lastValueFrom, map } from 'rxjs';
import { WebSocket } from 'ws';

/*
 * Serves topics and actions behind the guard of @nestjs/throttler, which is CommonJS and does not run inside Jest. Writes what
 * clients get, as JSON.
 */

const LIMIT = 5;

const room = stateTopic<{ id: string }>()('rooms/:roomId');
const quiet = stateTopic<string>()('quiet');
const enter = action<undefined, string>('enter');

@RealtimeHandlers()
class Rooms {
  @OnTopic(room)
  load(@TopicParams('roomId') id: string): { id: string } {
    return { id };
  }

  @OnTopic(quiet)
  @SkipThrottle()
  quiet(): string {
    return 'quiet';
  }

  @OnAction(enter)
  enter(): string {
    return 'entered';
  }
}

@Controller()
class Page {
  @Get('page')
  page(): string {
    return 'page';
  }
}

const lines: string[] = [];
const note = (line: unknown): void => void lines.push(String(line));
const logger: LoggerService = { log: () => undefined, warn: note, error: note };

@Module({
  imports: [
    RealtimeModule.forRoot({ polling: { intervalMs: 100 } }),
    ThrottlerModule.forRoot([{ ttl: 60_000, limit: LIMIT }]),
  ],
  providers: [Rooms, { provide: APP_GUARD, useClass: ThrottlerGuard }],
  controllers: [Page],
})
class Application {}

/** Acts until the limit ends it, then reads a topic without a limit. */
async function observe(client: RealtimeClient): Promise<object> {
  const value = await firstValueFrom(
    client.topic(room.with({ roomId: '7' })).pipe(
      map((state) => state.value),
      filter((state) => state !== undefined),
    ),
  );
  const answers: string[] = [];
  for (let count = 0; count <= LIMIT; count += 1) {
    answers.push(await lastValueFrom(client.act(enter, undefined)).catch(({ code }: { code: string }) => code));
  }
  const unlimited = await firstValueFrom(
    client.topic(quiet.with()).pipe(
      map((state) => state.value),
      filter((state) => state !== undefined),
    ),
  );
  return { value, answers, unlimited };
}

const PLATFORMS = {
  express: () => NestFactory.create(Application, { logger }),
  fastify: () => NestFactory.create(Application, new FastifyAdapter(), { logger }),
};
const cases = Object.entries(PLATFORMS).flatMap(([platform, create]) =>
  [true, false].map((webSocket) => ({ platform, create, webSocket })),
);

for (const { platform, create, webSocket } of cases) {
  const app: INestApplication = await create();
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  const client = createRealtimeClient({
    origin,
    webSocket: { enabled: webSocket },
    environment: { openWebSocket: (url, protocol) => new WebSocket(url, protocol) },
  });
  const page = await fetch(`${origin}/page`);
  const observed = await observe(client);
  client.close();
  await app.close();
  const limit = page.headers.get('x-ratelimit-limit');
  process.stdout.write(`${JSON.stringify({ platform, webSocket, limit, ...observed, lines: lines.splice(0) })}\n`);
}
process.exit(0);
