import { Component, ErrorHandler, inject, Injector, type OnInit } from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';

import { first, pause } from '../test/support/contract.js';
import { injectAction, type ActionRef } from './inject-action.js';
import { injectTopic } from './inject-topic.js';
import { REALTIME_CLIENT } from './realtime-client.js';

type Pause = ActionRef<{ readonly battleId: string }, { readonly paused: boolean }>;

@Component({
  selector: 'sw-pausing',
  template: `
    <button [disabled]="pause.pending()" (click)="pause.run({ battleId: '1' })">Pause</button>
    <p>{{ pause.pending() ? 'pending' : (pause.error()?.code ?? pause.result()?.paused ?? 'idle') }}</p>
    <output>{{ battle.value()?.tick }}</output>
  `,
})
class Pausing {
  readonly battle = injectTopic(() => first);
  readonly pause = injectAction(pause);
}

@Component({ selector: 'sw-late', template: '' })
class Late implements OnInit {
  readonly #injector = inject(Injector);
  pause: Pause | undefined;

  ngOnInit(): void {
    this.pause = injectAction(pause, { injector: this.#injector });
  }
}

describe('injectAction', () => {
  const handleError = jest.fn();
  let server: RealtimeTestingController;

  beforeEach(() => {
    handleError.mockReset();
    TestBed.configureTestingModule({
      providers: [provideRealtimeTesting(), { provide: ErrorHandler, useValue: { handleError } }],
    });
    server = TestBed.inject(RealtimeTestingController);
  });

  function createAction(): Pause {
    return TestBed.runInInjectionContext(() => injectAction(pause));
  }

  async function text(fixture: ComponentFixture<Pausing>, selector: string): Promise<string> {
    await fixture.whenStable();
    return (fixture.nativeElement as HTMLElement).querySelector(selector)?.textContent ?? '';
  }

  test('shows in the template that a run is pending, and then its result', async () => {
    const fixture = TestBed.createComponent(Pausing);
    expect(await text(fixture, 'p')).toBe('idle');
    const button = (fixture.nativeElement as HTMLElement).querySelector('button');

    button?.click();
    expect(await text(fixture, 'p')).toBe('pending');
    expect(button?.disabled).toBe(true);
    server.expectAction(pause).respond({ paused: true });

    expect(await text(fixture, 'p')).toBe('true');
    expect(button?.disabled).toBe(false);
  });

  test('resolves with the result of the run', async () => {
    const action = createAction();
    const outcome = action.run({ battleId: '1' });
    const sent = server.expectAction(pause);
    expect(sent.data).toEqual({ battleId: '1' });

    sent.respond({ paused: true });

    expect(await outcome).toEqual({ result: { paused: true }, error: undefined });
    expect(action.result()).toEqual({ paused: true });
    expect(action.error()).toBeUndefined();
  });

  test('resolves with the error of the run, which does not reach the ErrorHandler', async () => {
    const action = createAction();
    const outcome = action.run({ battleId: '1' });

    server.expectAction(pause).reject('forbidden', 'Not your battle.');

    const { error } = await outcome;
    expect(error).toMatchObject({ code: 'forbidden', message: 'Not your battle.' });
    expect(action.error()).toBe(error);
    expect(action.pending()).toBe(false);
    expect(handleError).not.toHaveBeenCalled();
  });

  test('has neither error nor result of the previous run while the next one is pending', async () => {
    const action = createAction();
    const rejected = action.run({ battleId: '1' });
    server.expectAction(pause).reject('forbidden');
    await rejected;

    const answered = action.run({ battleId: '1' });
    expect([action.error(), action.result(), action.pending()]).toEqual([undefined, undefined, true]);
    server.expectAction(pause).respond({ paused: true });
    await answered;

    void action.run({ battleId: '1' });
    expect([action.error(), action.result(), action.pending()]).toEqual([undefined, undefined, true]);
  });

  test('sends overlapping runs at once, shows the newest, and passes the error of an older one to the ErrorHandler', async () => {
    const action = createAction();
    const older = action.run({ battleId: '1' });
    const newer = action.run({ battleId: '2' });
    const [toOlder, toNewer] = [server.expectAction(pause), server.expectAction(pause)];
    expect([toOlder.data, toNewer.data]).toEqual([{ battleId: '1' }, { battleId: '2' }]);

    toNewer.respond({ paused: true });
    expect((await newer).result).toEqual({ paused: true });
    expect(action.pending()).toBe(true);
    toOlder.reject('forbidden');

    expect((await older).error?.code).toBe('forbidden');
    expect([action.error(), action.result(), action.pending()]).toEqual([undefined, { paused: true }, false]);
    expect(handleError.mock.calls).toEqual([[expect.objectContaining({ code: 'forbidden' })]]);
  });

  test('does not show the answer of an older run while the newest is unanswered', async () => {
    const action = createAction();
    const older = action.run({ battleId: '1' });
    void action.run({ battleId: '2' });

    server.expectAction(pause).respond({ paused: true });
    await older;

    expect([action.result(), action.pending()]).toEqual([undefined, true]);
  });

  test('shows the optimistic update until the server rejects the action', async () => {
    const fixture = TestBed.createComponent(Pausing);
    await fixture.whenStable();
    server.publish(first, { tick: 1 });

    void fixture.componentInstance.pause.run({ battleId: '1' }, { optimistic: [first, () => ({ tick: 99 })] });
    expect(await text(fixture, 'output')).toBe('99');
    server.expectAction(pause).reject('forbidden');

    expect(await text(fixture, 'output')).toBe('1');
  });

  test('passes the options of a run to the client', () => {
    const act = jest.spyOn(TestBed.inject(REALTIME_CLIENT), 'act');
    void createAction().run({ battleId: '1' }, { expiresAfterMs: 0 });
    expect(act).toHaveBeenCalledWith(pause, { battleId: '1' }, { expiresAfterMs: 0 });
  });

  test('ends a run after the component is destroyed, and its error reaches the ErrorHandler', async () => {
    const fixture = TestBed.createComponent(Pausing);
    await fixture.whenStable();
    const { run } = fixture.componentInstance.pause;
    const outcome = run({ battleId: '1' });
    const succeeding = run({ battleId: '1' });

    fixture.destroy();
    server.expectAction(pause).reject('forbidden');
    server.expectAction(pause).respond({ paused: true });

    expect((await outcome).error?.code).toBe('forbidden');
    expect((await succeeding).result).toEqual({ paused: true });
    expect(handleError.mock.calls).toEqual([[expect.objectContaining({ code: 'forbidden' })]]);
  });

  test('takes an injector outside an injection context', async () => {
    const fixture = TestBed.createComponent(Late);
    await fixture.whenStable();

    const outcome = fixture.componentInstance.pause?.run({ battleId: '1' });
    server.expectAction(pause).respond({ paused: true });

    expect((await outcome)?.result).toEqual({ paused: true });
  });

  test('throws outside an injection context without an injector', () => {
    expect(() => injectAction(pause)).toThrow('injectAction() can only be used within an injection context');
  });
});
