import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';

import { fakeFetch } from '../../testing/fake-fetch';
import { SESSION } from '../../testing/samples';
import { Toasts } from '../shell/toasts';
import { SessionService } from './session.service';

describe('SessionService', () => {
  beforeEach(() => sessionStorage.clear());

  function service(): SessionService {
    return TestBed.inject(SessionService);
  }

  test('has no token before the player gives a name', () => {
    expect(service().token('connect')).toBeUndefined();
  });

  test('keeps the session for a reload of the tab', async () => {
    fakeFetch({ 'POST /api/session': { status: 201, body: SESSION } });
    await service().start('Ada');
    expect(service().token('connect')).toBe('token-1');
    TestBed.resetTestingModule();
    expect(service().current()).toEqual(SESSION);
  });

  test('throws the message of the server when it rejects a name', async () => {
    fakeFetch({ 'POST /api/session': { status: 400, body: { message: ['name must not be empty'] } } });
    await expect(service().start('')).rejects.toThrow('name must not be empty');
    expect(service().current()).toBeUndefined();
  });

  test('throws its own message when the answer has none', async () => {
    fakeFetch({ 'POST /api/session': { status: 502, body: null } });
    await expect(service().start('Ada')).rejects.toThrow('The server answered 502.');
  });

  test('exchanges an expired token once for all callers at the same time', async () => {
    const requests = fakeFetch({ 'POST /api/session/refresh': { body: { ...SESSION, token: 'token-2' } } });
    service().keep({ ...SESSION, expiresAt: 0 });
    expect(await Promise.all([service().token('connect'), service().token('poll')])).toEqual(['token-2', 'token-2']);
    expect(requests).toHaveLength(1);
  });

  test('exchanges a token that the server reports as expired, regardless of the local clock', async () => {
    fakeFetch({ 'POST /api/session/refresh': { body: { ...SESSION, token: 'token-2' } } });
    service().keep(SESSION);
    expect(await service().token('expired')).toBe('token-2');
  });

  test('becomes a guest and informs the player when the session has ended on the server', async () => {
    fakeFetch({ 'POST /api/session/refresh': { status: 401 } });
    service().keep(SESSION);
    expect(await service().token('expired')).toBeUndefined();
    expect(service().current()).toBeUndefined();
    expect(TestBed.inject(Toasts).shown()).toMatchObject([{ tone: 'problem', title: 'You were signed out' }]);
  });

  test('keeps the session while the server has a temporary failure', async () => {
    fakeFetch({ 'POST /api/session/refresh': { status: 503 } });
    service().keep(SESSION);
    await expect(Promise.resolve(service().token('expired'))).rejects.toThrow('503');
    expect(service().current()).toEqual(SESSION);
  });

  test.each([200, 401, 503])('stays signed out when an earlier refresh gets %i', async (status) => {
    fakeFetch({ 'POST /api/session/refresh': { status, body: { ...SESSION, token: 'token-2' } } });
    service().keep(SESSION);
    const token = service().token('expired');
    service().leave();
    expect(await token).toBeUndefined();
    expect(service().current()).toBeUndefined();
    expect(sessionStorage.getItem('arena.session')).toBeNull();
    expect(TestBed.inject(Toasts).shown()).toEqual([]);
  });

  test.each([200, 401, 503])('keeps a new player when the refresh of the previous one gets %i', async (status) => {
    const other = { ...SESSION, playerId: 'p2', token: 'token-of-p2' };
    fakeFetch({ 'POST /api/session/refresh': { status, body: { ...SESSION, token: 'token-2' } } });
    service().keep(SESSION);
    const token = service().token('expired');
    service().keep(other);
    expect(await token).toBe('token-of-p2');
    expect(service().current()).toEqual(other);
  });

  test('refreshes for a new player without waiting for the refresh of the previous one', async () => {
    globalThis.fetch = () => new Promise(() => undefined);
    service().keep(SESSION);
    void service().token('expired');
    service().leave();
    fakeFetch({ 'POST /api/session/refresh': { body: { ...SESSION, playerId: 'p2', token: 'token-3' } } });
    service().keep({ ...SESSION, playerId: 'p2' });
    expect(await service().token('expired')).toBe('token-3');
  });

  test('aborts a refresh without an answer, and keeps the session', async () => {
    const deadline = new AbortController();
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(deadline.signal);
    globalThis.fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('too late'))));
    service().keep(SESSION);
    const token = Promise.resolve(service().token('expired'));
    deadline.abort();
    await expect(token).rejects.toThrow('too late');
    expect(timeout).toHaveBeenCalledWith(5_000);
    timeout.mockRestore();
    expect(service().current()).toEqual(SESSION);
  });

  test('starts without a session if the stored one is invalid', () => {
    sessionStorage.setItem('arena.session', '{');
    expect(service().current()).toBeUndefined();
  });
});
