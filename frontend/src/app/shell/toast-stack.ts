import { ChangeDetectionStrategy, Component, inject } from '@angular/core';

import { Icon } from '../ui/icon';
import { Toasts } from './toasts';

@Component({
  selector: 'arena-toast-stack',
  imports: [Icon],
  template: `
    <div role="status" aria-live="polite" aria-label="Messages">
      @for (toast of toasts.shown(); track toast.id) {
        <div class="toast card" [class]="toast.tone" animate.enter="arrive" animate.leave="go">
          <arena-icon [name]="toast.tone === 'problem' ? 'info' : 'bell'" />
          <p>
            <b>{{ toast.title }}</b> {{ toast.text }}
          </p>
          <button type="button" [attr.aria-label]="'Close: ' + toast.title" (click)="toasts.close(toast.id)">
            <arena-icon name="close" />
          </button>
        </div>
      }
    </div>
  `,
  styles: `
    :host {
      position: fixed;
      right: var(--gutter);
      bottom: calc(1rem + env(safe-area-inset-bottom));
      z-index: 40;
      width: min(24rem, calc(100vw - 2 * var(--gutter)));
      pointer-events: none;
    }
    :host(.beside-panel) {
      right: calc(var(--panel-width) + var(--gutter));
    }
    [role='status'] {
      display: grid;
      gap: var(--gap-s);
    }
    .toast {
      display: grid;
      grid-template-columns: auto 1fr auto;
      gap: 0.7rem;
      align-items: start;
      padding: 0.7rem 0.5rem 0.7rem 0.9rem;
      border-left: 3px solid var(--accent);
      background: var(--raised);
      box-shadow: var(--shadow);
      font-size: var(--text-s);
      pointer-events: auto;
    }
    .problem {
      border-left-color: var(--broken);
    }
    .notice > arena-icon {
      color: var(--accent);
    }
    .problem > arena-icon {
      color: var(--broken);
    }
    b {
      display: block;
    }
    button {
      display: grid;
      place-items: center;
      width: 2rem;
      height: 2rem;
      border: 0;
      border-radius: var(--radius-s);
      background: none;
      color: var(--ink-soft);
      cursor: pointer;
    }
    .arrive {
      animation: arrive var(--steady) var(--ease);
    }
    .go {
      animation: arrive var(--quick) reverse ease-in forwards;
    }
    @keyframes arrive {
      from {
        opacity: 0;
        translate: 0 1rem;
      }
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ToastStack {
  protected readonly toasts = inject(Toasts);
}
