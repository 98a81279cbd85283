import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { lobby } from '@statewire/arena';

import { fakeFetch } from '../../testing/fake-fetch';
import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { lobbyState } from '../../testing/samples';
import { GameStore } from '../game/game-store';
import { Proof } from './proof';

const REQUEST = 'GET /realtime/snapshot?topic=lobby';

describe('Proof', () => {
  let proof: Rendered<Proof>;
  let epoch: string;

  beforeEach(async () => {
    provideArenaTesting();
    proof = await render(Proof);
    proof.server.publish(lobby.with(), lobbyState());
    await proof.settle();
    epoch = TestBed.inject(GameStore).lobby().position?.epoch ?? '';
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  function verdict(): string | null | undefined {
    return proof.element.querySelector('[data-topic="lobby"]')?.getAttribute('data-verdict');
  }

  async function compare(answer: Parameters<typeof fakeFetch>[0]): Promise<string | null | undefined> {
    fakeFetch(answer);
    await proof.click('Compare with the server');
    await proof.settle();
    return verdict();
  }

  test('reports equal values as equal', async () => {
    const body = { kind: 'state', epoch, offset: 1, data: lobbyState() };
    expect(await compare({ [REQUEST]: { body } })).toBe('equal');
  });

  test('reports different values as different', async () => {
    const body = { kind: 'state', epoch, offset: 1, data: lobbyState({ runs: [] }) };
    expect(await compare({ [REQUEST]: { body } })).toBe('different');
    expect(proof.text).toContain('DIFFERENT');
  });

  test('compares at the position of the answer even if the page has moved on', async () => {
    proof.server.publish(lobby.with(), lobbyState({ battles: [] }));
    await proof.settle();
    const body = { kind: 'state', epoch, offset: 1, data: lobbyState() };
    expect(await compare({ [REQUEST]: { body } })).toBe('equal');
  });

  test('compares at the position of an earlier answer if the page shows it late', async () => {
    let offset = 2;
    const later = lobbyState({ battles: [] });
    fakeFetch({ [REQUEST]: () => ({ body: { kind: 'state', epoch, offset: offset++, data: later } }) });
    jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
    proof.button('Compare with the server').click();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(offset).toBeGreaterThan(10);
    expect(verdict()).toBeUndefined();

    proof.server.publish(lobby.with(), later);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(verdict()).toBe('equal');
  });

  test('gives up if the page never shows a position of the server', async () => {
    fakeFetch({ [REQUEST]: { body: { kind: 'state', epoch, offset: 2, data: lobbyState() } } });
    jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
    proof.button('Compare with the server').click();
    await jest.advanceTimersByTimeAsync(15_000);
    expect(verdict()).toBe('missed');
  });

  test('keeps its button focusable while it compares, and compares once at a time', async () => {
    const requests = fakeFetch({});
    const button = proof.buttons('Compare with the server')[0];
    button?.click();
    proof.fixture.detectChanges();
    expect(button?.disabled).toBe(false);
    expect(button?.getAttribute('aria-disabled')).toBe('true');
    button?.click();
    await proof.settle();
    expect(requests).toEqual([REQUEST]);
  });

  test('says that the server no longer has the topic, or which error it answered', async () => {
    expect(await compare({ [REQUEST]: { status: 404, body: {} } })).toBe('gone');
    expect(proof.text).toContain('the server no longer has this lobby');
    expect(await compare({ [REQUEST]: { status: 503, body: {} } })).toBe('rejected');
    expect(proof.text).toContain('the server answered with the error 503');
  });

  test('shows a message when there is no answer', async () => {
    globalThis.fetch = jest.fn<typeof fetch>(() => Promise.reject(new TypeError('no network')));
    await proof.click('Compare with the server');
    await proof.settle();
    expect(verdict()).toBe('unreachable');
  });
});
