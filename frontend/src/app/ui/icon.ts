import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

import { ICONS, type IconName } from './icon-paths';

/** An icon. It is hidden from screen readers, because a text stands beside it. */
@Component({
  selector: 'arena-icon',
  template: `<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path [attr.d]="path()" /></svg>`,
  styles: `
    :host {
      display: inline-block;
      flex: none;
      width: 1.25em;
      height: 1.25em;
    }
    path {
      fill: none;
      stroke: currentcolor;
      stroke-width: 1.75;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Icon {
  readonly name = input.required<IconName>();
  protected readonly path = computed(() => ICONS[this.name()]);
}
