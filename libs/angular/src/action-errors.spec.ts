import { ErrorHandler, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';
import { RealtimeClientError } from '@statewire/client';
import { catchError, EMPTY, map, throwError, type Observable } from 'rxjs';

import { pause } from '../test/support/contract.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { RealtimeService } from './realtime.service.js';

interface Result {
  readonly paused: boolean;
}

/** RxJS still accepts separate callbacks, which its types deprecate. */
interface DeprecatedObservable {
  subscribe(next: undefined, error: () => void): unknown;
}

describe('an action that fails', () => {
  const handleError = jest.fn();
  let server: RealtimeTestingController;
  let realtime: RealtimeService;

  beforeEach(() => {
    handleError.mockReset();
    TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        provideRealtimeTesting(),
        { provide: ErrorHandler, useValue: { handleError } },
      ],
    });
    server = TestBed.inject(RealtimeTestingController);
    realtime = TestBed.inject(RealtimeService);
  });

  const message = 'The action "battles/pause" failed (forbidden). The test rejected "battles/pause".';
  const forbidden = [[expect.objectContaining({ name: 'RealtimeClientError', code: 'forbidden', message })]];

  test.each<[how: string, use: (result$: Observable<Result>) => unknown]>([
    ['no code subscribes', () => undefined],
    ['the observer has no callback', (result$) => result$.subscribe()],
    ['the observer is a function', (result$) => result$.subscribe(() => undefined)],
    ['the observer is an object without an error callback', (result$) => result$.subscribe({ next: () => undefined })],
    [
      'operators are between it and such an observer',
      (result$) => result$.pipe(map(({ paused }) => paused)).subscribe(),
    ],
    ['the subscriber has unsubscribed', (result$) => result$.subscribe({ error: () => undefined }).unsubscribe()],
  ])('reaches the ErrorHandler once if %s', async (_how, use) => {
    use(realtime.act(pause, { battleId: '1' }));

    server.expectAction(pause).reject('forbidden');
    await Promise.resolve();

    expect(handleError.mock.calls).toEqual(forbidden);
  });

  test.each<[how: string, use: (result$: Observable<Result>, handle: () => void) => unknown]>([
    ['the observer has an error callback', (result$, handle) => result$.subscribe({ error: handle })],
    [
      'the error callback is the second argument',
      (result$, handle) => (result$ as unknown as DeprecatedObservable).subscribe(undefined, handle),
    ],
    [
      'the piped observer has an error callback',
      (result$, handle) => result$.pipe(map(({ paused }) => paused)).subscribe({ error: handle }),
    ],
    [
      'an operator catches it',
      (result$, handle) => {
        const caught$ = result$.pipe(
          catchError(() => {
            handle();
            return EMPTY;
          }),
        );
        return caught$.subscribe();
      },
    ],
  ])('is handled by the application if %s', async (_how, use) => {
    const handle = jest.fn();
    use(realtime.act(pause, { battleId: '1' }), handle);

    server.expectAction(pause).reject('forbidden');
    await Promise.resolve();

    expect(handle).toHaveBeenCalledTimes(1);
    expect(handleError).not.toHaveBeenCalled();
  });

  test('passes results and the completion to an observer without an error callback', () => {
    const seen: unknown[] = [];
    const result$ = realtime.act(pause, { battleId: '1' });
    result$.subscribe((result) => seen.push(result));
    result$.subscribe({ complete: () => seen.push('complete') });
    result$.pipe(map(({ paused }) => paused)).subscribe((paused) => seen.push(paused));

    server.expectAction(pause).respond({ paused: true });

    expect(seen).toEqual([{ paused: true }, true, 'complete']);
  });

  test('at once is handled by the application if it subscribes in the same task', async () => {
    const client = TestBed.inject(REALTIME_CLIENT);
    const failure = new RealtimeClientError('client_closed', 'The client is closed.');
    jest.spyOn(client, 'act').mockReturnValue(throwError(() => failure));
    const handle = jest.fn();

    realtime.act(pause, { battleId: '1' }).subscribe({ error: handle });
    await Promise.resolve();

    expect(handle).toHaveBeenCalledTimes(1);
    expect(handleError).not.toHaveBeenCalled();
  });

  test('at once reaches the ErrorHandler if nobody subscribes in the same task', async () => {
    realtime.close();
    realtime.act(pause, { battleId: '1' });
    await Promise.resolve();

    expect(handleError.mock.calls).toEqual([[expect.objectContaining({ code: 'client_closed' })]]);
  });

  test('because the application is destroyed does not reach the ErrorHandler', async () => {
    realtime.act(pause, { battleId: '1' });
    realtime.act(pause, { battleId: '1' }).subscribe();

    TestBed.resetTestingModule();
    await Promise.resolve();

    expect(handleError).not.toHaveBeenCalled();
  });
});
