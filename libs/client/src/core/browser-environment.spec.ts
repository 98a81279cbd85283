import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { browserEnvironment } from './browser-environment.js';

describe('the environment of browsers', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a delay above the maximum of browser timers does not run at once', () => {
    jest.useFakeTimers();
    const delays = jest.spyOn(globalThis, 'setTimeout');
    const ran = jest.fn();
    const timer = browserEnvironment().setTimer(ran, 60 * 86_400_000);
    expect(delays.mock.calls[0]![1]).toBe(2 ** 31 - 1);
    jest.advanceTimersByTime(2 ** 31 - 2);
    expect(ran).not.toHaveBeenCalled();
    timer.cancel();
    jest.advanceTimersByTime(2 ** 31);
    expect(ran).not.toHaveBeenCalled();
  });

  test('R22: page and network events reach their listeners until they are removed', () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    const window = new EventTarget();
    const host = globalThis as unknown as Record<string, unknown>;
    const names = ['document', 'addEventListener', 'removeEventListener'] as const;
    const saved = names.map((name) => [name, host[name]] as const);
    host.document = page;
    host.addEventListener = window.addEventListener.bind(window);
    host.removeEventListener = window.removeEventListener.bind(window);
    try {
      const { onWake, onPause } = browserEnvironment();
      const heard: unknown[] = [];
      const removers = [onWake((cause) => heard.push(cause)), onPause((isPaused) => heard.push(isPaused))];
      const all = () => {
        for (const name of ['online', 'pagehide', 'pageshow']) window.dispatchEvent(new Event(name));
        for (const name of ['resume', 'visibilitychange']) page.dispatchEvent(new Event(name));
      };
      all();
      expect(heard).toEqual(['online', true, false, 'visible', 'visible']);
      page.visibilityState = 'hidden';
      page.dispatchEvent(new Event('visibilitychange'));
      removers.forEach((remove) => remove());
      all();
      expect(heard).toHaveLength(5);
    } finally {
      for (const [name, value] of saved) {
        if (value === undefined) delete host[name];
        else host[name] = value;
      }
    }
  });

  test('R24: a browser gives a lock to one page at a time, and none without Web Locks', async () => {
    const host = globalThis as unknown as Record<string, unknown>;
    const saved = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    let isTaken = false;
    const request = async (
      _name: string,
      _options: object,
      use: (lock: object | null) => Promise<void> | undefined,
    ) => {
      if (isTaken) return use(null);
      isTaken = true;
      await use({});
      isTaken = false;
    };
    const use = (navigator: object) =>
      Object.defineProperty(host, 'navigator', { configurable: true, value: navigator });
    expect(browserEnvironment().tryLock).toBeUndefined();
    host.location = { origin: 'https://play.example' };
    try {
      const tryLock = browserEnvironment().tryLock!;
      use({ locks: { request } });
      const release = await tryLock('held');
      expect(await tryLock('held')).toBeUndefined();
      release!();
      await new Promise((resolve) => setImmediate(resolve));
      expect(await tryLock('held')).toBeDefined();
      use({ locks: { request: () => Promise.reject(new Error('an opaque origin')) } });
      expect(await tryLock('held')).toBeUndefined();
      use({});
      expect(await tryLock('held')).toBeUndefined();
    } finally {
      delete host.location;
      if (saved) Object.defineProperty(host, 'navigator', saved);
      else delete host.navigator;
    }
  });

  test('a host without events has nothing to listen to', () => {
    const { onWake, onPause } = browserEnvironment();
    expect(() => {
      onWake(() => undefined)();
      onPause(() => undefined)();
    }).not.toThrow();
  });

  test('ids have 128 random bits in 22 characters, and differ', () => {
    const { id } = browserEnvironment();
    const ids = Array.from({ length: 100 }, id);
    for (const each of ids) expect(each).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(ids).size).toBe(100);
  });
});
