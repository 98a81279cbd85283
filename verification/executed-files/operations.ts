import 'reflect-metadata';

import { Session } from 'node:inspector/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createRealtimeClient } from '@statewire/client';
import { OnAction, OnTopic, RealtimeBus, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { systemEnvironment } from '@statewire/nest/internal';
import { action, stateTopic } from '@statewire/protocol';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

interface Counter {
  readonly count: number;
}

const counter = stateTopic<Counter>()('counters/:id');
const increment = action<object, Counter>('counters/increment');

@RealtimeHandlers()
class CounterHandlers {
  @OnTopic(counter)
  load(): Counter {
    return { count: 0 };
  }

  @OnAction(increment)
  increment(): Counter {
    return { count: 1 };
  }
}

@Module({
  imports: [
    RealtimeModule.forRoot({
      // No timer fires, so that only the operation itself executes.
      environment: { ...systemEnvironment, setTimer: () => ({ cancel: () => undefined }) },
    }),
  ],
  providers: [CounterHandlers],
})
class CounterModule {}

/** The files that one operation executes in a package, by their paths in `src`. */
export interface ExecutedFiles {
  readonly operation: string;
  readonly files: readonly string[];
  readonly limit: number;
}

/** Files of every operation. They do not help to follow a single one. */
const SHARED = /(environment|errors|realtime-log)\.ts$/;

/** Runs each operation once on a real server with a real client. Precise coverage of V8 tells the executed files. */
export async function measureOperations(): Promise<readonly ExecutedFiles[]> {
  const app = await NestFactory.create(CounterModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as Server;
  const { port } = server.address() as AddressInfo;
  const connect = async () => {
    const client = createRealtimeClient({
      origin: `http://127.0.0.1:${port}`,
      environment: { openWebSocket: (url, protocol) => new WebSocket(url, protocol) },
    });
    client.connect();
    await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')));
    return client;
  };
  const [one, other] = [await connect(), await connect()];
  const bus = app.get(RealtimeBus);
  const topic = counter.with({ id: '1' });
  const shows = (client: typeof one, count: number) =>
    firstValueFrom(client.state(topic).pipe(filter((value) => value.count === count)));
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  try {
    const firstSubscribe = await executed(session, () => shows(one, 0));
    one.state(topic).subscribe();
    other.state(topic).subscribe();
    await shows(other, 0);
    const publish = await executed(session, async () => {
      await bus.publish(topic, { count: 5 });
      await Promise.all([shows(one, 5), shows(other, 5)]);
    });
    const act = await executed(session, () => firstValueFrom(one.act(increment, {})));
    return [
      { operation: 'publish on the server', files: inPackage(publish, 'nest'), limit: 14 },
      {
        operation: 'the first subscribe of a topic on the server',
        files: inPackage(firstSubscribe, 'nest'),
        limit: 22,
      },
      { operation: 'action on the server', files: inPackage(act, 'nest'), limit: 20 },
      { operation: 'action on the client', files: inPackage(act, 'client'), limit: 9 },
    ];
  } finally {
    session.disconnect();
    one.close();
    other.close();
    await app.close();
  }
}

/** Returns the URLs of the files of which at least one named function or callback ran. */
async function executed(session: Session, operation: () => Promise<unknown>): Promise<readonly string[]> {
  await settle();
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await session.post('Profiler.takePreciseCoverage');
  await operation();
  await settle();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  await session.post('Profiler.stopPreciseCoverage');
  return result
    .filter(({ functions }) => functions.some(({ ranges: [range] }) => range!.count > 0 && range!.startOffset > 0))
    .map(({ url }) => url);
}

function inPackage(urls: readonly string[], name: string): readonly string[] {
  const root = `/libs/${name}/src/`;
  return urls
    .filter((url) => url.includes(root) && !SHARED.test(url))
    .map((url) => url.slice(url.indexOf(root) + root.length))
    .sort();
}

/** Lets callbacks of the last write run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
