import { Injectable, signal } from '@angular/core';

export interface Toast {
  readonly id: number;
  readonly tone: 'notice' | 'problem';
  readonly title: string;
  readonly text: string;
}

const SHOWN_FOR = 7_000;
const MOST_AT_ONCE = 4;

/** Short messages in the corner. What matters longer is in the list of notifications as well. */
@Injectable({ providedIn: 'root' })
export class Toasts {
  private readonly items = signal<readonly Toast[]>([]);
  private nextId = 1;

  readonly shown = this.items.asReadonly();

  show(tone: Toast['tone'], title: string, text: string): void {
    const toast: Toast = { id: this.nextId++, tone, title, text };
    this.items.update((items) => [...items, toast].slice(-MOST_AT_ONCE));
    setTimeout(() => this.close(toast.id), SHOWN_FOR);
  }

  close(id: number): void {
    this.items.update((items) => items.filter((toast) => toast.id !== id));
  }
}
