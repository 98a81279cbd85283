import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import { isObservable, lastValueFrom } from 'rxjs';

const rejecters = new WeakMap<object, string>();

/** The name of the guard that denied the request or failed for it. Undefined: none did. */
export function guardThatRejected(request: object): string | undefined {
  return rejecters.get(request);
}

/** Remembers the requests that the guard denies or fails for, so that the log can name it. */
export function named(guard: CanActivate): CanActivate {
  return {
    canActivate(context: ExecutionContext) {
      const remember = (): void => void rejecters.set(context.getArgByIndex<object>(0), guard.constructor.name);
      const settle = (isAllowed: boolean): boolean => {
        if (!isAllowed) remember();
        return isAllowed;
      };
      const fail = (error: unknown): never => {
        remember();
        throw error;
      };
      try {
        const result = guard.canActivate(context);
        return typeof result === 'boolean' ? settle(result) : outcomeOf(result).then(settle, fail);
      } catch (error) {
        return fail(error);
      }
    },
  };
}

/** Nest's creator, with guards whose denials and errors name them. */
export class NamedGuardsCreator extends GuardsContextCreator {
  override create(...args: Parameters<GuardsContextCreator['create']>): CanActivate[] {
    return super.create(...args).map(named);
  }
}

/** Waits for the result of a guard as Nest does: it may be a promise of an observable. */
async function outcomeOf(result: ReturnType<CanActivate['canActivate']>): Promise<boolean> {
  const value: unknown = await result;
  return (isObservable(value) ? await lastValueFrom(value) : value) as boolean;
}
