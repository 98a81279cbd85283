import { expect, test } from '@jest/globals';
import { action } from '@statewire/protocol';

import { ActionData, OnAction } from './decorators.js';
import type { HandlerMethod } from './handler-method.js';
import { missingPackages } from './validation.js';

class Point {
  x!: number;
}

interface Shape {
  readonly sides: number;
}

const any = action<unknown, unknown>;

class Handlers {
  @OnAction(any('plain'))
  plain(@ActionData() data: Shape, @ActionData('text') text: string, @ActionData('n') n: number): unknown {
    return { data, text, n };
  }

  @OnAction(any('point'))
  point(@ActionData() point: Point): unknown {
    return point;
  }
}

function handler(name: 'plain' | 'point'): HandlerMethod {
  const instance = new Handlers();
  return { instance, name, method: instance[name] as HandlerMethod['method'], module: 'module', providerId: 'id' };
}

/** class-validator keeps its rules in a global variable from the first question on. */
const isAsked = (): boolean => 'classValidatorMetadataStorage' in globalThis;

test('class-validator is asked about the classes of an application, and not about built-in types', () => {
  expect(missingPackages(handler('plain'))).toEqual([]);
  expect(isAsked()).toBe(false);
  expect(missingPackages(handler('point'))).toEqual([]);
  expect(isAsked()).toBe(true);
});
