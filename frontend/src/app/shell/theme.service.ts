import { DOCUMENT, effect, inject, Injectable, signal } from '@angular/core';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'arena.theme';
const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };

/** The theme: light, dark, or that of the system. */
@Injectable({ providedIn: 'root' })
export class ThemeService {
  private readonly chosen = signal<Theme>(restore());
  readonly theme = this.chosen.asReadonly();

  constructor() {
    const root = inject(DOCUMENT).documentElement;
    effect(() => {
      const theme = this.chosen();
      if (theme === 'auto') root.removeAttribute('data-theme');
      else root.setAttribute('data-theme', theme);
    });
  }

  next(): void {
    this.chosen.update((theme) => NEXT[theme]);
    localStorage.setItem(KEY, this.chosen());
  }
}

function restore(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}
