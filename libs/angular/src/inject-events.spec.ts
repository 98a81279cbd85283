import { Component, ErrorHandler, inject, Injectable, signal, type WritableSignal } from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';
import type { TopicReference } from '@statewire/protocol';

import { mine, notices, yours, type Notice } from '../test/support/contract.js';
import { injectEvents, type InjectEventsOptions } from './inject-events.js';

@Injectable()
class Inbox {
  readonly topic: WritableSignal<TopicReference<Notice, 'events'> | undefined> = signal(mine);
  readonly texts = signal<readonly string[]>([]);
  readonly loud = signal(false);
  options: InjectEventsOptions = {};
  add(text: string): void {
    this.texts.update((texts) => [...texts, text]);
  }
}

@Component({ selector: 'sw-toasts', template: `{{ inbox.texts().join(', ') }}` })
class Toasts {
  readonly inbox = inject(Inbox);

  constructor() {
    injectEvents(
      () => this.inbox.topic(),
      ({ text }) => {
        if (text === 'broken') throw new Error('handler failed');
        this.inbox.add(this.inbox.loud() ? text.toUpperCase() : text);
      },
      this.inbox.options,
    );
  }
}

describe('injectEvents', () => {
  const handleError = jest.fn();
  let server: RealtimeTestingController;
  let inbox: Inbox;

  beforeEach(() => {
    handleError.mockReset();
    TestBed.configureTestingModule({
      providers: [provideRealtimeTesting(), Inbox, { provide: ErrorHandler, useValue: { handleError } }],
    });
    server = TestBed.inject(RealtimeTestingController);
    inbox = TestBed.inject(Inbox);
  });

  async function render(): Promise<ComponentFixture<Toasts>> {
    const fixture = TestBed.createComponent(Toasts);
    await fixture.whenStable();
    return fixture;
  }

  test('calls the handler with each event, in order', async () => {
    const fixture = await render();
    server.emit(mine, { text: 'one' });
    server.emit(mine, { text: 'two' });
    await fixture.whenStable();
    expect((fixture.nativeElement as HTMLElement).textContent).toBe('one, two');
  });

  test('follows the current topic of its reference', async () => {
    const fixture = await render();

    inbox.topic.set(yours);
    await fixture.whenStable();
    server.emit(mine, { text: 'mine' });
    server.emit(yours, { text: 'yours' });

    expect(inbox.texts()).toEqual(['yours']);
    expect(server.isFollowed(mine)).toBe(false);
  });

  test('delivers an event once when the reference is created again for the same topic', async () => {
    inbox.options = { since: 'oldest' };
    const fixture = await render();
    server.emit(mine, { text: 'one' });

    inbox.topic.set(notices.with({ playerId: 'me' }));
    await fixture.whenStable();

    expect(inbox.texts()).toEqual(['one']);
  });

  test('follows nothing without a reference', async () => {
    const fixture = await render();
    inbox.topic.set(undefined);
    await fixture.whenStable();
    expect(server.isFollowed(mine)).toBe(false);
  });

  test('does not follow again because of signals that its handler reads', async () => {
    server.goLive();
    server.emit(mine, { text: 'kept' });
    inbox.options = { since: 'oldest' };
    const fixture = await render();
    expect(inbox.texts()).toEqual(['kept']);

    inbox.loud.set(true);
    await fixture.whenStable();
    server.emit(mine, { text: 'new' });

    expect(inbox.texts()).toEqual(['kept', 'NEW']);
  });

  test('reports an error of the handler, and delivers the next event', async () => {
    await render();
    server.emit(mine, { text: 'broken' });
    server.emit(mine, { text: 'whole' });
    expect(handleError).toHaveBeenCalledWith(new Error('handler failed'));
    expect(inbox.texts()).toEqual(['whole']);
  });

  test('reports the position up to which events are lost', async () => {
    const onLost = jest.fn();
    inbox.options = { onLost };
    await render();
    server.emit(mine, { text: 'one' });
    server.lose(mine);
    expect(onLost).toHaveBeenCalledWith(expect.objectContaining({ offset: 0 }));
  });

  test('passes the error of a topic to onError, or to the ErrorHandler without it', async () => {
    const onError = jest.fn();
    inbox.options = { onError };
    await render();
    inbox.options = {};
    await render();

    server.reject(mine, 'forbidden');

    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'forbidden' }));
    expect(handleError).toHaveBeenCalledWith(expect.objectContaining({ code: 'forbidden' }));
    expect(handleError).toHaveBeenCalledTimes(1);
  });

  test('passes the error of an invalid parameter to onError', () => {
    const onError = jest.fn();
    TestBed.runInInjectionContext(() =>
      injectEvents(
        () => notices.with({ playerId: '' }),
        () => undefined,
        { onError },
      ),
    );
    TestBed.tick();
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'invalid_topic' }));
  });

  test('leaves its topic when the component is destroyed', async () => {
    const fixture = await render();
    expect(server.isFollowed(mine)).toBe(true);
    fixture.destroy();
    expect(server.isFollowed(mine)).toBe(false);
  });

  test('takes an injector outside an injection context, and leaves its topic when that is destroyed', async () => {
    const fixture = await render();
    const { injector } = fixture.componentRef;
    const texts: string[] = [];
    injectEvents(
      () => yours,
      ({ text }) => void texts.push(text),
      { injector },
    );
    await fixture.whenStable();
    server.emit(yours, { text: 'one' });
    expect(texts).toEqual(['one']);

    fixture.destroy();

    expect(server.isFollowed(yours)).toBe(false);
  });

  test('throws outside an injection context without an injector', () => {
    const follow = (): void =>
      injectEvents(
        () => mine,
        () => undefined,
      );
    expect(follow).toThrow('injectEvents() can only be used within an injection context');
  });
});
