import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { DamageType } from '@statewire/arena';

import { maskOf } from './mask';

/** The face of a fighter in the colour of its damage type. It is hidden from screen readers: the name stands beside it. */
@Component({
  selector: 'arena-portrait',
  template: `<svg viewBox="0 0 64 64" focusable="false" aria-hidden="true">
    @for (layer of layers(); track $index) {
      <path [attr.d]="layer.path" [attr.class]="layer.role" />
    }
  </svg>`,
  host: { '[class]': '"damage-" + type()', '[class.fallen]': 'fallen()' },
  styles: `
    :host {
      display: block;
    }
    path {
      stroke-linejoin: round;
    }
    .plate {
      fill: color-mix(in oklab, var(--damage) 30%, var(--raised));
      stroke: color-mix(in oklab, var(--damage) 70%, var(--ink));
      stroke-width: 1.5;
    }
    .shade {
      fill: color-mix(in oklab, var(--damage) 52%, var(--raised));
    }
    .trim {
      fill: color-mix(in oklab, var(--damage) 82%, var(--ink));
    }
    .eye {
      fill: light-dark(#fffdf6, #fffbe8);
      stroke: color-mix(in oklab, var(--damage) 40%, #0b0c12);
      stroke-width: 1.5;
    }
    :host(.fallen) {
      filter: grayscale(1);
      opacity: 0.45;
    }
    :host(.fallen) .eye {
      fill: transparent;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Portrait {
  readonly kind = input.required<string>();
  readonly side = input.required<'party' | 'foe'>();
  readonly type = input.required<DamageType>();
  readonly boss = input(false);
  readonly fallen = input(false);
  protected readonly layers = computed(() => maskOf(this.kind(), this.side(), this.boss()));
}
