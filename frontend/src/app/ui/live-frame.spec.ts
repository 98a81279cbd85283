import { beforeEach, describe, expect, test } from '@jest/globals';
import { RealtimeClientError, type TopicState } from '@statewire/angular';

import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { LiveFrame } from './live-frame';

const WAITING: TopicState<unknown> = {
  value: undefined,
  confirmed: undefined,
  pending: 0,
  position: undefined,
  freshness: { state: 'catching-up' },
  error: undefined,
};
const UNAVAILABLE = new RealtimeClientError('unavailable', 'The database is away.', undefined, true);

describe('LiveFrame', () => {
  let frame: Rendered<LiveFrame>;

  beforeEach(async () => {
    provideArenaTesting();
    frame = await render(LiveFrame, { state: WAITING, subject: 'the battle' });
    frame.server.goLive();
    await frame.settle();
  });

  async function show(state: Partial<TopicState<unknown>>): Promise<void> {
    frame.fixture.componentRef.setInput('state', { ...WAITING, ...state });
    await frame.settle();
  }

  const alert = () => frame.element.querySelector('[role="alert"]');

  test('waits in calm words before the first value', () => {
    expect(frame.text).toContain('Waiting for the battle …');
    expect(frame.element.className).not.toContain('stale');
  });

  test('says before the first value that the page is offline', async () => {
    frame.server.goOffline();
    await frame.settle();
    expect(frame.text).toContain('Offline: the page keeps trying');
  });

  test('goes on waiting while the server cannot send the value', async () => {
    await show({ error: UNAVAILABLE });
    expect(frame.text).toContain('The server cannot send the battle now: the page keeps trying');
    expect(alert()).toBeNull();
  });

  test('keeps the value that it has while the server cannot send a newer one', async () => {
    await show({ value: {}, error: UNAVAILABLE, freshness: { state: 'stale', staleSince: Date.now() - 5_000 } });
    expect(frame.text).toMatch(/^Not live for \d+ s$/);
    expect(frame.element.querySelector('.content')).not.toBeNull();
    expect(alert()).toBeNull();
  });

  test('keeps the value while a server that answers may miss changes, and says so', async () => {
    const freshness = { state: 'stale', staleSince: Date.now() - 5_000 } as const;
    await show({ value: {}, freshness });
    expect(frame.text).toMatch(/^Not live for \d+ s: the server does not see changes now$/);
    frame.server.goOffline();
    await frame.settle();
    expect(frame.text).toMatch(/^Not live for \d+ s$/);
  });

  test('shows a message with a heading of its level and a way onward after an error that stays', async () => {
    await show({ error: new RealtimeClientError('unknown_topic', 'There is no such battle.') });
    expect(alert()?.querySelector('h2')?.textContent).toBe('There is nothing to see here');
    expect(alert()?.querySelector('a')?.getAttribute('href')).toBe('/');
    frame.fixture.componentRef.setInput('headingLevel', 1);
    await frame.settle();
    expect(alert()?.querySelector('h1')?.textContent).toBe('There is nothing to see here');
  });
});
