import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';

const throwers = new WeakMap<object, string>();

/** The name of the guard that threw the error. Undefined: none did. */
export function guardThatThrew(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? throwers.get(error) : undefined;
}

/** Remembers the guard of each error, so that the log can name it. */
export function named(guard: CanActivate): CanActivate {
  const fail = (error: unknown): never => {
    if (typeof error === 'object' && error !== null) throwers.set(error, guard.constructor.name);
    throw error;
  };
  return {
    canActivate(context: ExecutionContext) {
      try {
        const result = guard.canActivate(context);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    },
  };
}

/** Nest's creator, with guards whose errors name them. */
export class NamedGuardsCreator extends GuardsContextCreator {
  override create(...args: Parameters<GuardsContextCreator['create']>): CanActivate[] {
    return super.create(...args).map(named);
  }
}
