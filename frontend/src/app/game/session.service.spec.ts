import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';

import { fakeFetch } from '../../testing/fake-fetch';
import { SESSION } from '../../testing/samples';
import { SessionService } from './session.service';

describe('SessionService', () => {
  beforeEach(() => sessionStorage.clear());

  function service(): SessionService {
    return TestBed.inject(SessionService);
  }

  test('has no token before somebody gave a name', () => {
    expect(service().token('connect')).toBeUndefined();
  });

  test('keeps the session for a reload of the tab', async () => {
    fakeFetch({ 'POST /api/session': { status: 201, body: SESSION } });
    await service().start('Ada');
    expect(service().token('connect')).toBe('token-1');
    TestBed.resetTestingModule();
    expect(service().current()).toEqual(SESSION);
  });

  test('repeats the words of the server when a name is refused', async () => {
    fakeFetch({ 'POST /api/session': { status: 400, body: { message: ['name must not be empty'] } } });
    await expect(service().start('')).rejects.toThrow('name must not be empty');
    expect(service().current()).toBeUndefined();
  });

  test('says what happened when the server is too broken for words', async () => {
    fakeFetch({ 'POST /api/session': { status: 502, body: null } });
    await expect(service().start('Ada')).rejects.toThrow('The server answered 502.');
  });

  test('exchanges a token that has expired, once for all who ask at the same time', async () => {
    const requests = fakeFetch({ 'POST /api/session/refresh': { body: { ...SESSION, token: 'token-2' } } });
    service().keep({ ...SESSION, expiresAt: 0 });
    expect(await Promise.all([service().token('connect'), service().token('poll')])).toEqual(['token-2', 'token-2']);
    expect(requests).toHaveLength(1);
  });

  test('exchanges a token that the server calls expired, whatever this clock says', async () => {
    fakeFetch({ 'POST /api/session/refresh': { body: { ...SESSION, token: 'token-2' } } });
    service().keep(SESSION);
    expect(await service().token('expired')).toBe('token-2');
  });

  test('goes on as a guest when the server does not know the session any more', async () => {
    fakeFetch({ 'POST /api/session/refresh': { status: 401 } });
    service().keep(SESSION);
    expect(await service().token('expired')).toBeUndefined();
    expect(service().current()).toBeUndefined();
  });

  test('keeps the session while the server is merely unwell', async () => {
    fakeFetch({ 'POST /api/session/refresh': { status: 503 } });
    service().keep(SESSION);
    await expect(Promise.resolve(service().token('expired'))).rejects.toThrow('503');
    expect(service().current()).toEqual(SESSION);
  });

  test('starts without a session where the stored one cannot be read', () => {
    sessionStorage.setItem('arena.session', '{');
    expect(service().current()).toBeUndefined();
  });
});
