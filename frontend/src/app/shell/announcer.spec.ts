import { TestBed } from '@angular/core/testing';
import { effect } from '@angular/core';
import { describe, expect, test } from '@jest/globals';

import { Announcer } from './announcer';

describe('Announcer', () => {
  test('changes a repeated message, so that screen readers read it again', () => {
    const announcer = TestBed.inject(Announcer);
    announcer.say('Connection: Live');
    const first = announcer.message();
    announcer.say('Connection: Live');
    expect(announcer.message()).not.toBe(first);
    expect(announcer.message().trim()).toBe(first);
  });

  test('can be used in an effect without running it again', () => {
    let runs = 0;
    TestBed.runInInjectionContext(() =>
      effect(() => {
        runs++;
        TestBed.inject(Announcer).say('Once');
      }),
    );
    TestBed.tick();
    TestBed.tick();
    expect(runs).toBe(1);
  });
});
