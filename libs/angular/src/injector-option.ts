import { assertInInjectionContext, inject, Injector, runInInjectionContext } from '@angular/core';

/** An option of every `inject…` function. */
export interface InjectorOption {
  /**
   * The injector to use outside an injection context, such as in `ngOnInit`. Default: the current injection context.
   */
  readonly injector?: Injector;
}

/**
 * Calls `create` in the given injector, or in the current injection context.
 *
 * @throws Error that names `caller`, without an injector and outside an injection context.
 */
export function createInInjector<T>(
  caller: (...args: never[]) => unknown,
  { injector }: InjectorOption,
  create: () => T,
): T {
  if (injector === undefined) assertInInjectionContext(caller);
  return runInInjectionContext(injector ?? inject(Injector), create);
}
