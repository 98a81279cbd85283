import { signal } from '@angular/core';
import { describe, expect, test } from '@jest/globals';
import { RealtimeClientError } from '@statewire/client';

import { topicResource, type FollowedState } from './topic-resource.js';

const live = { state: 'live' } as const;
const catchingUp = { state: 'catching-up' } as const;
const stale = { state: 'stale', staleSince: 5 } as const;
const position = { epoch: 'e', offset: 3 };
const unpublished = { epoch: 'e', offset: 0 };
const error = new RealtimeClientError('forbidden', 'no');
const unknown = { value: undefined, confirmed: undefined, pending: 0, position: undefined, error: undefined };
const withValue = { ...unknown, value: 1, confirmed: 1, position };

describe('topicResource', () => {
  test.each<[what: string, state: FollowedState<number> | undefined, status: string, hasValue: boolean]>([
    ['no topic', undefined, 'idle', false],
    ['a topic before its first value', { ...unknown, freshness: catchingUp }, 'loading', false],
    ['a topic offline before its first value', { ...unknown, freshness: stale }, 'loading', false],
    ['a topic without publications', { ...unknown, position: unpublished, freshness: live }, 'resolved', false],
    ['a live value', { ...withValue, freshness: live }, 'resolved', true],
    ['a value that catches up', { ...withValue, freshness: catchingUp }, 'reloading', true],
    ['a stale value', { ...withValue, freshness: stale }, 'resolved', true],
    ['a rejected topic', { ...unknown, freshness: live, error }, 'error', false],
  ])('%s gives its status, freshness and position', (_what, state, status, hasValue) => {
    const resource = topicResource(signal(state));
    expect(resource.status()).toBe(status);
    expect(resource.hasValue()).toBe(hasValue);
    expect(resource.freshness()).toEqual(state?.freshness);
    expect(resource.position()).toEqual(state?.position);
  });

  const delayed = new RealtimeClientError('unavailable', 'later', undefined, true);

  test('shows a temporary error beside the last known value', () => {
    const resource = topicResource(signal<FollowedState<number>>({ ...withValue, freshness: stale, error: delayed }));
    expect([resource.status(), resource.value(), resource.hasValue(), resource.error()]).toEqual([
      ...['resolved', 1, true],
      delayed,
    ]);
  });

  test('shows a temporary error instead of loading, and its value does not throw', () => {
    const resource = topicResource(signal<FollowedState<number>>({ ...unknown, freshness: stale, error: delayed }));
    expect([resource.status(), resource.value(), resource.hasValue(), resource.isLoading(), resource.error()]).toEqual([
      ...['error', undefined, false, false],
      delayed,
    ]);
  });
});
