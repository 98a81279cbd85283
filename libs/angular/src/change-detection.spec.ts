import { AsyncPipe } from '@angular/common';
import { afterEveryRender, ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';

import { first, second } from '../test/support/contract.js';
import { injectTopic } from './inject-topic.js';
import { framePace, PACE } from './pace.js';
import { RealtimeService } from './realtime.service.js';

abstract class Counting {
  renders = 0;

  constructor() {
    afterEveryRender({ read: () => void this.renders++ });
  }
}

@Component({
  selector: 'sw-reading',
  template: `{{ battle.value()?.tick }}`,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
class Reading extends Counting {
  readonly battle = injectTopic(() => first);
}

@Component({
  selector: 'sw-piping',
  template: `{{ (battle$ | async)?.tick }}`,
  imports: [AsyncPipe],
  changeDetection: ChangeDetectionStrategy.OnPush,
})
class Piping extends Counting {
  readonly battle$ = inject(RealtimeService).state(first);
}

@Component({
  selector: 'sw-switching',
  template: `{{ battle.status() }} {{ battle.value()?.tick }}`,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
class Switching extends Counting {
  readonly topic = signal(first);
  readonly battle = injectTopic(() => this.topic());
}

@Component({
  selector: 'sw-following',
  template: `{{ something() }}`,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
class Following extends Counting {
  readonly something = signal('unrelated');
  readonly battle = injectTopic(() => first);
}

describe('change detection without zone.js', () => {
  let server: RealtimeTestingController;

  beforeEach(() => {
    jest.useFakeTimers();
    TestBed.configureTestingModule({
      providers: [provideRealtimeTesting(), { provide: PACE, useFactory: framePace }],
    });
    server = TestBed.inject(RealtimeTestingController);
  });

  afterEach(() => void jest.useRealTimers());

  async function render<T extends Counting>(component: new () => T): Promise<ComponentFixture<T>> {
    const fixture = TestBed.createComponent(component);
    await jest.advanceTimersByTimeAsync(100);
    fixture.componentInstance.renders = 0;
    return fixture;
  }

  function text(fixture: ComponentFixture<unknown>): string {
    return (fixture.nativeElement as HTMLElement).textContent;
  }

  test.each<[read: string, component: new () => Counting]>([
    ['a signal', Reading],
    ['the async pipe', Piping],
  ])(
    'a hundred messages in one task cause one change detection of values read through %s',
    async (_read, component) => {
      const fixture = await render(component);

      for (let tick = 1; tick <= 100; tick++) server.publish(first, { tick });
      await jest.advanceTimersByTimeAsync(100);

      expect(text(fixture)).toBe('100');
      expect(fixture.componentInstance.renders).toBe(1);
    },
  );

  test.each<[read: string, component: new () => Counting]>([
    ['a signal', Reading],
    ['the async pipe', Piping],
  ])(
    'a message each millisecond causes one change detection per frame of values read through %s',
    async (_read, component) => {
      const fixture = await render(component);

      for (let tick = 1; tick <= 160; tick++) {
        server.publish(first, { tick });
        await jest.advanceTimersByTimeAsync(1);
      }
      await jest.advanceTimersByTimeAsync(100);

      expect(text(fixture)).toBe('160');
      expect(fixture.componentInstance.renders).toBe(11);
    },
  );

  test('a topic that no template reads causes no change detection', async () => {
    const fixture = await render(Following);

    server.publish(first, { tick: 1 });
    await jest.advanceTimersByTimeAsync(100);

    expect(fixture.componentInstance.battle.value()).toEqual({ tick: 1 });
    expect(fixture.componentInstance.renders).toBe(0);
  });

  test('the first change detection shows a value that the client already has', () => {
    server.goLive();
    server.publish(first, { tick: 7 });
    const fixture = TestBed.createComponent(Reading);

    fixture.detectChanges();

    expect(text(fixture)).toBe('7');
  });

  test('a late value of the previous topic does not replace the value of the new topic', async () => {
    server.goLive();
    server.publish(second, { tick: 2 });
    const fixture = await render(Switching);
    server.publish(first, { tick: 1 });
    await jest.advanceTimersByTimeAsync(1);

    server.publish(first, { tick: 99 });
    fixture.componentInstance.topic.set(second);
    TestBed.tick();
    await jest.advanceTimersByTimeAsync(100);

    expect(text(fixture)).toBe('resolved 2');
  });

  test('a value that waits when the component is destroyed has no effect', async () => {
    const fixture = await render(Following);
    server.publish(first, { tick: 1 });
    await jest.advanceTimersByTimeAsync(1);
    server.publish(first, { tick: 2 });

    fixture.destroy();
    await jest.advanceTimersByTimeAsync(100);

    expect(fixture.componentInstance.battle.value()).toEqual({ tick: 1 });
  });
});
