import { Injectable, signal } from '@angular/core';

export interface Toast {
  readonly id: number;
  readonly tone: 'notice' | 'problem';
  readonly title: string;
  readonly text: string;
}

const SHOWN_FOR_MS = 7_000;
const MAX_TOASTS = 4;

/** Short messages in the corner. Lasting messages are in the list of notifications too. */
@Injectable({ providedIn: 'root' })
export class Toasts {
  private readonly items = signal<readonly Toast[]>([]);
  private nextId = 1;

  readonly shown = this.items.asReadonly();

  show(tone: Toast['tone'], title: string, text: string): void {
    const toast: Toast = { id: this.nextId++, tone, title, text };
    this.items.update((items) => [...items, toast].slice(-MAX_TOASTS));
    setTimeout(() => this.close(toast.id), SHOWN_FOR_MS);
  }

  close(id: number): void {
    this.items.update((items) => items.filter((toast) => toast.id !== id));
  }
}
