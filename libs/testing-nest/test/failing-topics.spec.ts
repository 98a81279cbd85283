import { afterEach, describe, expect, test } from '@jest/globals';
import { Injectable, UseGuards, type CanActivate } from '@nestjs/common';
import type { TopicState } from '@statewire/client';
import { OnPresence, OnTopic, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { eventTopic, presenceTopic, stateTopic, type TopicReference } from '@statewire/protocol';
import { BehaviorSubject, defer, of, throwError, NEVER, Subject, type Observable } from 'rxjs';

import { simulate, type SimulatedClient, type Simulation } from '../src/index.js';

const thrown = stateTopic<string>()('thrown');
const late = stateTopic<string>()('late');
const sourced = stateTopic<string>()('sourced');
const guarded = stateTopic<string>()('guarded');
const watched = stateTopic<string>()('watched');
const watchers = presenceTopic<string>()(watched);
const heard = eventTopic<string>()('heard');

const streamed = stateTopic<string>()('streamed');
const streamedEvents = eventTopic<string>()('streamed-events');

class Database {
  static isDown = true;

  /** The stream of the running topics; a new one after each failure. */
  static stream: Subject<string> = new BehaviorSubject('value');

  static read(): string {
    if (Database.isDown) throw new Error('The database is down.');
    return 'value';
  }
}

@Injectable()
class DatabaseGuard implements CanActivate {
  canActivate(): boolean {
    return Database.read() === 'value';
  }
}

@RealtimeHandlers()
class Handlers {
  @OnTopic(thrown)
  thrown(): string {
    return Database.read();
  }

  @OnTopic(late)
  late(): Promise<string> {
    return Database.isDown ? new Promise(() => undefined) : Promise.resolve('value');
  }

  @OnTopic(sourced)
  sourced() {
    return defer(() => (Database.isDown ? throwError(() => new Error('The stream is down.')) : of('value')));
  }

  @OnTopic(guarded)
  @UseGuards(DatabaseGuard)
  guarded(): string {
    return 'value';
  }

  @OnTopic(watched)
  watched(): string {
    return 'value';
  }

  @OnPresence(watchers)
  @UseGuards(DatabaseGuard)
  watcher(): string {
    return 'value';
  }

  @OnTopic(streamed)
  streamed(): Observable<string> {
    return defer(() => (Database.isDown ? throwError(() => new Error('The stream is down.')) : Database.stream));
  }

  @OnTopic(streamedEvents)
  streamedEvents(): Observable<string> {
    return this.streamed();
  }

  @OnTopic(heard)
  @UseGuards(DatabaseGuard)
  heard() {
    return NEVER;
  }
}

let simulation: Simulation;

afterEach(() => simulation.close());

async function start(transport: string): Promise<SimulatedClient> {
  Database.isDown = true;
  simulation = await simulate({ imports: [RealtimeModule.forRoot()], providers: [Handlers, DatabaseGuard] });
  const client = simulation.connect();
  if (transport === 'polling') client.network.upgrades('reject');
  return client;
}

describe.each(['the WebSocket', 'polling'])('R25: a topic that cannot load, over %s,', (transport) => {
  test.each<[string, TopicReference<unknown, 'state'>, string]>([
    ['loader throws', thrown.with(), 'internal'],
    ['loader takes too long', late.with(), 'unavailable'],
    ['observable fails', sourced.with(), 'internal'],
    ['guard throws', guarded.with(), 'internal'],
    ['presence has a guard that throws', watchers.with(), 'internal'],
  ])('shows a temporary error while its %s, and its value afterwards', async (_, topic, code) => {
    const client = await start(transport);
    const states: TopicState<unknown>[] = [];
    client.realtime.topic(topic).subscribe((state) => states.push(state));
    await simulation.until(() => states.at(-1)?.error !== undefined, 'the error to arrive');
    expect(states.at(-1)).toMatchObject({ error: { code, temporary: true }, freshness: { state: 'stale' } });
    await simulation.clock.advance(20_000);
    expect(states.at(-1)).toMatchObject({ error: { code, temporary: true }, freshness: { state: 'stale' } });
    Database.isDown = false;
    // A load that never ends is given up after `lingerMs`.
    if (topic.name === 'late') await simulation.clock.advance(60_000);
    await simulation.until(() => states.at(-1)?.value !== undefined, 'the value to arrive');
    expect(states.at(-1)).toMatchObject({ error: undefined, freshness: { state: 'live' } });
  });

  test('shows a temporary error and its last value after its observable failed, and the new value afterwards', async () => {
    const client = await start(transport);
    Database.isDown = false;
    Database.stream = new BehaviorSubject('before');
    const states: TopicState<string>[] = [];
    client.realtime.topic(streamed.with()).subscribe((state) => states.push(state));
    await simulation.until(() => states.at(-1)?.freshness.state === 'live', 'the value to arrive');
    Database.isDown = true;
    Database.stream.error(new Error('The stream broke.'));
    const failed = { error: { code: 'internal', temporary: true }, freshness: { state: 'stale' }, value: 'before' };
    await simulation.until(() => states.at(-1)?.error !== undefined, 'the error to arrive');
    expect(states.at(-1)).toMatchObject(failed);
    await simulation.clock.advance(20_000);
    expect(states.at(-1)).toMatchObject(failed);
    Database.isDown = false;
    Database.stream = new BehaviorSubject('after');
    await simulation.until(() => states.at(-1)?.value === 'after', 'the new value to arrive');
    expect(states.at(-1)).toMatchObject({ error: undefined, freshness: { state: 'live' } });
  });

  test('tells readers of its events after its observable failed, and sends later events', async () => {
    const client = await start(transport);
    Database.isDown = false;
    Database.stream = new Subject();
    const seen: unknown[] = [];
    const onUnavailable = ({ code, temporary }: { code: string; temporary: boolean }): void => {
      seen.push([code, temporary]);
    };
    client.realtime.events(streamedEvents.with(), { onUnavailable }).subscribe({
      next: (event) => seen.push(event),
      error: (error: unknown) => seen.push(error),
    });
    await simulation.until(() => Database.stream.observed, 'the observable to run');
    await simulation.clock.advance(3_000);
    Database.stream.next('before');
    await simulation.until(() => seen.length === 1, 'the event to arrive');
    Database.isDown = true;
    Database.stream.error(new Error('The stream broke.'));
    await simulation.until(() => seen.length === 2, 'the error to arrive');
    await simulation.clock.advance(10_000);
    Database.isDown = false;
    Database.stream = new Subject();
    await simulation.until(() => Database.stream.observed, 'the observable to run again');
    await simulation.clock.advance(10_000);
    Database.stream.next('after');
    await simulation.until(() => seen.length === 3, 'the later event to arrive');
    expect(seen).toEqual(['before', ['internal', true], 'after']);
  });

  test('tells readers of its events while its guard throws', async () => {
    const client = await start(transport);
    const errors: unknown[] = [];
    const subscription = client.realtime
      .events(heard.with(), { onUnavailable: ({ code, temporary }) => errors.push([code, temporary]) })
      .subscribe({ error: (error: unknown) => errors.push(error) });
    await simulation.clock.advance(20_000);
    expect(errors).toEqual([['internal', true]]);
    subscription.unsubscribe();
  });
});
