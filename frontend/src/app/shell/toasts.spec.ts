import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { Toasts } from './toasts';

describe('Toasts', () => {
  let toasts: Toasts;

  beforeEach(() => {
    jest.useFakeTimers();
    toasts = TestBed.inject(Toasts);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test('closes after its time', () => {
    toasts.show('notice', 'Loot', '24 gold.');
    jest.advanceTimersByTime(6_999);
    expect(toasts.shown()).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(toasts.shown()).toEqual([]);
  });

  test('shows at most the four newest', () => {
    for (let index = 1; index <= 6; index++) toasts.show('notice', `Loot ${index}`, '');
    expect(toasts.shown().map(({ title }) => title)).toEqual(['Loot 3', 'Loot 4', 'Loot 5', 'Loot 6']);
  });

  test('can be closed', () => {
    toasts.show('problem', 'Nothing was picked', '');
    toasts.close(toasts.shown()[0]?.id ?? 0);
    expect(toasts.shown()).toEqual([]);
  });
});
