import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

/**
 * Finds the instance of a class that an option names, as Nest does for guards.
 *
 * @param given a class, or an instance, which is returned as it is.
 * @returns the instance of a module that provides the class; else a new instance, whose dependencies must be global.
 */
export async function instanceOf<T extends object>(moduleRef: ModuleRef, given: Type<T> | T): Promise<T> {
  if (typeof given !== 'function') return given;
  try {
    return moduleRef.get(given, { strict: false });
  } catch {
    return moduleRef.create(given);
  }
}
