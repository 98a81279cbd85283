import { describe, expect, test } from '@jest/globals';
import { FakeActionError } from '@statewire/testing';

import type { RealtimeClientOptions } from '../src/index.js';
import { pause, setUp } from './support/bench.js';

const data = { battleId: '1' };

describe.each<[transport: string, more: Partial<RealtimeClientOptions>]>([
  ['the WebSocket', {}],
  ['polling', { webSocket: { enabled: false } }],
])('the error of an action over %s', (_transport, more) => {
  function rejecting() {
    const errors: unknown[] = [];
    const bench = setUp({ ...more, onError: (error) => errors.push(error) });
    bench.server.handle(pause.name, () => {
      throw new FakeActionError('forbidden', 'Only players may.');
    });
    return { ...bench, errors };
  }

  test('reaches onError if nobody subscribes, and names the action', async () => {
    const { environment, client, errors } = rejecting();
    client.act(pause, data);
    client
      .act(pause, data)
      .subscribe({ error: () => undefined })
      .unsubscribe();
    await environment.advance(5_000);
    const error = { code: 'forbidden', message: 'The action "battles/pause" failed (forbidden). Only players may.' };
    expect(errors).toEqual([expect.objectContaining(error), expect.objectContaining(error)]);
  });

  test('does not reach onError if somebody is subscribed', async () => {
    const { environment, client, errors } = rejecting();
    const heard: unknown[] = [];
    client.act(pause, data).subscribe({ error: ({ code }) => heard.push(code) });
    await environment.advance(5_000);
    expect([errors, heard]).toEqual([[], ['forbidden']]);
  });
});

describe('the error of an action that fails at once', () => {
  test('reaches onError if nobody subscribes in the same task', async () => {
    const errors: unknown[] = [];
    const { environment, client } = setUp({ onError: (error) => errors.push(error) });
    client.close();
    client.act(pause, data);
    client.act(pause, data).subscribe({ error: () => undefined });
    await environment.advance(0);
    expect(errors).toEqual([expect.objectContaining({ code: 'client_closed' })]);
  });

  test('does not reach onError if close() is the reason', async () => {
    const errors: unknown[] = [];
    const { environment, client } = setUp({ onError: (error) => errors.push(error) });
    client.act(pause, data);
    client.close();
    await environment.advance(0);
    expect(errors).toEqual([]);
  });
});
