import { DestroyRef, inject, signal, type Signal } from '@angular/core';

/** Returns a signal of whether a media query matches. */
export function mediaQuery(query: string): Signal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  const update = (): void => matches.set(list.matches);
  list.addEventListener('change', update);
  inject(DestroyRef).onDestroy(() => list.removeEventListener('change', update));
  return matches.asReadonly();
}
