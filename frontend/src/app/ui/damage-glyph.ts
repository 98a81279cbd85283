import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { DamageType } from '@statewire/arena';

interface Glyph {
  readonly path: string;
  readonly filled: boolean;
}

const GLYPHS: Readonly<Record<DamageType, Glyph>> = {
  Fire: {
    path: 'M12 2c.6 3.7 5.5 6 5.5 11.3A5.7 5.7 0 0 1 12 19a5.7 5.7 0 0 1-5.5-5.7c0-2.3 1.2-3.9 2.4-5.3.4 1.4 1 2.1 1.9 2.5C10.3 7.3 11.2 4.5 12 2z',
    filled: true,
  },
  Ice: {
    path: 'M12 2v20M3.3 7l17.4 10M20.7 7 3.3 17M9.5 3.5 12 6l2.5-2.5M9.5 20.5 12 18l2.5 2.5M3 10.5l3.3-.9-.9-3.3M21 13.5l-3.3.9.9 3.3M21 10.5l-3.3-.9.9-3.3M3 13.5l3.3.9-.9 3.3',
    filled: false,
  },
  Lightning: { path: 'M14 1.5 4.5 13.5H10L8.5 22.5 19 9.5h-6z', filled: true },
  Light: {
    path: 'M12 6.5 13.7 10.3 17.5 12 13.7 13.7 12 17.5 10.3 13.7 6.5 12 10.3 10.3zM12 1.5v2.5M12 20v2.5M1.5 12H4M20 12h2.5M4.6 4.6l1.7 1.7M17.7 17.7l1.7 1.7M4.6 19.4l1.7-1.7M17.7 6.3l1.7-1.7',
    filled: true,
  },
  Dark: {
    path: 'M15.5 2.5A9.8 9.8 0 1 0 21.5 15 8 8 0 1 1 15.5 2.5zM17.5 7l.7 1.8L20 9.5l-1.8.7-.7 1.8-.7-1.8L15 9.5l1.8-.7z',
    filled: true,
  },
  Wind: { path: 'M3 9h11.5a3 3 0 1 0-2.8-4M3 13h15.5a3 3 0 1 1-2.8 4M3 17h7a2.2 2.2 0 1 1-2 3', filled: false },
};

/** The symbol of a damage type. A class such as `damage-Fire`, here or on an ancestor, sets its colour. */
@Component({
  selector: 'arena-damage-glyph',
  template: `<svg viewBox="0 0 24 24" focusable="false" aria-hidden="true">
    <path [attr.d]="glyph().path" [class.filled]="glyph().filled" />
  </svg>`,
  host: { '[class]': '"damage-" + type()' },
  styles: `
    :host {
      display: inline-block;
      flex: none;
      width: 1em;
      height: 1em;
    }
    path {
      fill: none;
      stroke: var(--damage);
      stroke-width: 2;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
    .filled {
      fill: var(--damage);
      stroke-width: 1.2;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class DamageGlyph {
  readonly type = input.required<DamageType>();
  protected readonly glyph = computed(() => GLYPHS[this.type()]);
}
