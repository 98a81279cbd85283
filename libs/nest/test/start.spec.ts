import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';
import { Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { Server as Strategy, type MicroserviceOptions } from '@nestjs/microservices';
import { WebSocketGateway } from '@nestjs/websockets';
import { action, eventTopic, presenceTopic, stateTopic } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { OnAction, OnPresence, OnTopic, RealtimeBus, RealtimeHandlers, RealtimeModule } from '../src/index.js';
import { untilTrue } from './support/event-loop-turn.js';
import { RecordedLog } from './support/recorded-log.js';
import { handshake, head, RawWire } from './support/raw-wire.js';
import { TestSocket } from './support/test-socket.js';

const list = stateTopic<string>()('lists/:listId');
const watchers = presenceTopic<string>()(list);
const news = eventTopic<string>()('news');
const add = action<void, string>('lists/add');
const unheard = stateTopic<string>()('unheard/:id');

@RealtimeHandlers()
class Lists {
  @OnTopic(list)
  load(): string {
    return 'list';
  }

  @OnPresence(watchers)
  watcher(): string {
    return 'watcher';
  }

  @OnTopic(news)
  news(): void {}

  @OnAction(add)
  add(): string {
    return 'added';
  }
}

/** A transport that needs no network. */
class SilentStrategy extends Strategy {
  listen(callback: () => void): void {
    callback();
  }

  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    return undefined as T;
  }
}

@WebSocketGateway()
class OtherGateway {}

let clock: VirtualEnvironment;
let log: RecordedLog;
let app: INestApplicationContext;
let own: Server | undefined;

afterEach(async () => {
  own?.close();
  own?.closeAllConnections();
  own = undefined;
  const closing = app.close();
  await clock.advance(10_000);
  await closing;
});

function rootModule(providers: Type[] = [Lists], imports: DynamicModule[] = [realtime()]): Type {
  @Module({ imports, providers })
  class AppModule {}
  return AppModule;
}

function realtime(): DynamicModule {
  const { now, monotonic, setTimer } = clock;
  return RealtimeModule.forRoot({ environment: { now, monotonic, setTimer }, drain: { windowMs: 0 } });
}

function prepare(): { logger: RecordedLog['logger']; abortOnError: false } {
  clock = new VirtualEnvironment();
  log = new RecordedLog();
  return { logger: log.logger, abortOnError: false };
}

const linesWith = (text: string): readonly string[] => log.lines.filter((line) => line.includes(text));

describe('without an HTTP server', () => {
  test('an application context starts, and the log says that it serves no client', async () => {
    const options = prepare();
    app = await NestFactory.createApplicationContext(rootModule(), options);
    expect(linesWith('realtime-started')).toEqual([expect.stringContaining('webSocket=off http=off')]);
    expect(linesWith('no-http-server')).toEqual([expect.stringContaining('publications reach no other process')]);
    await app.get(RealtimeBus).publish(list.with({ listId: '1' }), 'new');
  });

  test.each<[string, Type[]]>([
    ['alone', [Lists]],
    ['beside a gateway of the application', [Lists, OtherGateway]],
  ])('a microservice starts as an application context does, %s', async (_, providers) => {
    const options = prepare();
    const microservice = await NestFactory.createMicroservice<MicroserviceOptions>(rootModule(providers), {
      ...options,
      strategy: new SilentStrategy(),
    });
    app = microservice;
    await microservice.listen();
    expect(linesWith('realtime-started')).toEqual([expect.stringContaining('webSocket=off http=off')]);
    expect(log.errors).toEqual([]);
  });

  test('a hybrid application serves clients', async () => {
    const options = prepare();
    const hybrid = await NestFactory.create(rootModule(), options);
    app = hybrid;
    hybrid.connectMicroservice<MicroserviceOptions>({ strategy: new SilentStrategy() });
    await hybrid.startAllMicroservices();
    await hybrid.listen(0, '127.0.0.1');
    const socket = await TestSocket.connect(`${(await hybrid.getUrl()).replace('http', 'ws')}/ws`, {});
    await socket.hello();
    await socket.close();
  });
});

describe('with a server that Nest did not create', () => {
  test('the log says why an upgrade fails, and the remedy works', async () => {
    const options = prepare();
    const nest = await NestFactory.create(rootModule(), options);
    app = nest;
    await nest.init();
    own = createServer(nest.getHttpAdapter().getInstance() as RequestListener).listen(0, '127.0.0.1');
    await once(own, 'listening');
    const { port } = own.address() as AddressInfo;
    const wire = await RawWire.open(port);
    wire.write(head(handshake(port)));
    await wire.until((text) => text.includes('HTTP/1.1 404'));
    wire.destroy();
    expect(linesWith('upgrade-missed')).toEqual([expect.stringContaining("server.on('upgrade'")]);

    own.on('upgrade', (...args) => (nest.getHttpServer() as Server).emit('upgrade', ...args));
    const socket = await TestSocket.connect(`ws://127.0.0.1:${port}/ws`, {});
    await socket.hello();
    await socket.close();
  });
});

describe('the log of the start', () => {
  test('has a line for each topic and action, as Nest has for each route', async () => {
    const options = prepare();
    app = await NestFactory.create(rootModule(), options).then((nest) => nest.init());
    expect(linesWith('Mapped {').map((line) => line.replace(/ Realtime$/, ''))).toEqual([
      'Mapped {lists/:listId, state} topic',
      'Mapped {news, events} topic',
      'Mapped {presence/lists/:listId, presence} topic',
      'Mapped {lists/add} action',
    ]);
  });

  test('names handlers that no module provides, once', async () => {
    const options = prepare();
    @RealtimeHandlers()
    class Forgotten {
      @OnAction(action<void, string>('forgotten'))
      act(): string {
        return 'forgotten';
      }
    }
    expect(Forgotten).toBeDefined();
    app = await NestFactory.create(rootModule(), options).then((nest) => nest.init());
    await clock.advance(1_000);
    expect(linesWith('handlers-not-provided')).toEqual([expect.stringContaining('reason=Forgotten')]);
    await clock.advance(60_000);
    expect(linesWith('handlers-not-provided')).toHaveLength(1);
  });

  test('says once that no module provides handlers', async () => {
    const options = prepare();
    app = await NestFactory.create(rootModule([]), options).then((nest) => nest.init());
    await clock.advance(60_000);
    expect(linesWith('no-handlers')).toEqual([expect.stringContaining('Add the classes with @RealtimeHandlers()')]);
  });

  test('does not ask for handlers that are there', async () => {
    const options = prepare();
    app = await NestFactory.create(rootModule(), options).then((nest) => nest.init());
    await clock.advance(60_000);
    expect(linesWith('no-handlers')).toEqual([]);
  });

  test('names forRoot() if the module is imported without it', async () => {
    const options = prepare();
    @Module({ imports: [RealtimeModule] })
    class Bare {}
    await expect(NestFactory.create(Bare, options)).rejects.toThrow('Import RealtimeModule.forRoot()');
    app = await NestFactory.createApplicationContext(rootModule(), options);
  });

  test('names handlers of a module that is loaded lazily', async () => {
    const options = prepare();
    app = await NestFactory.create(rootModule(), options).then((nest) => nest.init());
    await clock.advance(5_000);
    @RealtimeHandlers()
    class Lazy {
      @OnAction(action<void, string>('lazy'))
      act(): string {
        return 'lazy';
      }
    }
    @Module({ providers: [Lazy] })
    class LazyModule {}
    await app.get(LazyModuleLoader).load(() => LazyModule);
    await clock.advance(1_000);
    expect(linesWith('handlers-not-provided')).toEqual([expect.stringContaining('reason=Lazy')]);
  });

  test('names no handlers of another application in the process, nor the base class of a provider', async () => {
    const options = prepare();
    @RealtimeHandlers()
    class Base {
      @OnTopic(unheard)
      load(): string {
        return 'base';
      }
    }
    @RealtimeHandlers()
    class Derived extends Base {}
    app = await NestFactory.create(rootModule([Lists]), options).then((nest) => nest.init());
    const other = await NestFactory.create(rootModule([Derived]), options).then((nest) => nest.init());
    await clock.advance(1_000);
    const closing = other.close();
    await clock.advance(10_000);
    await closing;
    expect(linesWith('handlers-not-provided')).toEqual([]);
  });
});

test('a publication to a topic without a handler is logged, and one to a topic with a handler is not', async () => {
  const options = prepare();
  app = await NestFactory.create(rootModule(), options).then((nest) => nest.init());
  const bus = app.get(RealtimeBus);
  await bus.publish(list.with({ listId: '1' }), 'heard');
  await bus.publish(unheard.with({ id: '7' }), 'unheard');
  await bus.publish(unheard.with({ id: '8' }), 'unheard');
  expect(linesWith('publication-without-handler')).toEqual([expect.stringContaining('topic=unheard/7')]);
});

test('a publication without a handler is logged once for each pattern', async () => {
  const options = prepare();
  app = await NestFactory.create(rootModule(), options).then((nest) => nest.init());
  const bus = app.get(RealtimeBus);
  for (let round = 0; round < 2; round += 1) {
    for (const first of ['books', 'films', 'songs']) {
      await bus.publish(stateTopic<string>()(`${first}/:id`).with({ id: `${round}` }), 'unheard');
    }
    await clock.advance(2_000);
  }
  const lines = ['books', 'films', 'songs'].map((first) => `reason=${first}/:id topic=${first}/0`);
  expect(linesWith('publication-without-handler')).toEqual(lines.map((line) => expect.stringContaining(line)));
});

test('the module works when a child module imports it', async () => {
  const options = prepare();
  const module = realtime();
  @Module({ imports: [module], providers: [Lists] })
  class Child {}
  @Module({ imports: [Child] })
  class Parent {}
  const nest = await NestFactory.create(Parent, options);
  app = nest;
  await nest.listen(0, '127.0.0.1');
  const socket = await TestSocket.connect(`${(await nest.getUrl()).replace('http', 'ws')}/ws`, {});
  await socket.hello();
  socket.send({ type: 'subscribe', topics: [{ topic: 'lists/1' }] });
  await socket.next('snapshot');
  await socket.close();
  await untilTrue(() => linesWith('realtime-started').length === 1);
});
