import { Scope, type Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { UnknownElementException } from '@nestjs/core/errors/exceptions/unknown-element.exception.js';
import { getClassScope } from '@nestjs/core/helpers/get-class-scope.js';

import { RealtimeOptionsError } from './resolve-options.js';

/**
 * Finds the instance of a class that an option names, as Nest does for guards.
 *
 * @param option the path of the option, for the error.
 * @param given a class, or an instance, which is returned as it is.
 * @returns the instance of a module that provides the class; else a new instance, whose dependencies must be global.
 * @throws RealtimeOptionsError if the class is request-scoped or transient, or if a module provides it and it has a
 * request-scoped dependency. The module uses one instance for all callers.
 */
export async function instanceOf<T extends object>(
  moduleRef: ModuleRef,
  option: string,
  given: Type<T> | T,
): Promise<T> {
  if (typeof given !== 'function') return given;
  const provided = providedScope(moduleRef, given);
  const scope = provided ?? getClassScope(given) ?? Scope.DEFAULT;
  if (scope !== Scope.DEFAULT) {
    const expected = `a class with the default scope and without request-scoped dependencies (this one is ${nameOf(scope)})`;
    throw new RealtimeOptionsError([{ option, expected, got: given }]);
  }
  return provided === undefined ? moduleRef.create(given) : moduleRef.get(given, { strict: false });
}

/** The scope of a provider with its dependencies, or undefined if no module provides the class. */
function providedScope(moduleRef: ModuleRef, given: Type): Scope | undefined {
  try {
    return moduleRef.introspect(given).scope;
  } catch (error) {
    if (error instanceof UnknownElementException) return undefined;
    throw error;
  }
}

function nameOf(scope: Scope): string {
  return scope === Scope.REQUEST ? 'request-scoped' : 'transient';
}
