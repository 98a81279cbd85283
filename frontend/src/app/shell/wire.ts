import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';

import { statusWords } from '../connection/status-words';
import { GameStore } from '../game/game-store';

/** The line under the header: solid while live, dashed while polling, broken while offline. */
@Component({
  selector: 'arena-wire',
  template: `<span></span>`,
  host: { 'aria-hidden': 'true', '[class]': 'tone()' },
  styles: `
    :host {
      display: block;
      position: relative;
      height: 3px;
      overflow: hidden;
      background: color-mix(in oklab, var(--tone) 30%, transparent);
    }
    :host(.live) {
      --tone: var(--live);
    }
    :host(.polling),
    :host(.waiting) {
      --tone: var(--polling);
      background: repeating-linear-gradient(90deg, var(--tone) 0 18px, transparent 18px 30px);
      animation: march 1.2s linear infinite;
    }
    :host(.broken) {
      --tone: var(--broken);
      background: linear-gradient(90deg, var(--tone) 0 46%, transparent 46% 54%, var(--tone) 54%);
    }
    :host(.live) span {
      position: absolute;
      inset: 0;
      width: 14rem;
      background: linear-gradient(90deg, transparent, var(--tone) 85%, light-dark(#ffffff, #eafff9));
      animation: travel 2.6s linear infinite;
    }
    @keyframes travel {
      from {
        transform: translateX(-14rem);
      }
      to {
        transform: translateX(100vw);
      }
    }
    @keyframes march {
      to {
        background-position-x: 30px;
      }
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Wire {
  private readonly store = inject(GameStore);
  protected readonly tone = computed(() => statusWords(this.store.status(), this.store.isServerStale()).tone);
}
