import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';

import { Icon } from '../ui/icon';
import type { IconName } from '../ui/icon-paths';

/** A switch that breaks something, with a description of the effect. */
@Component({
  selector: 'arena-chaos-switch',
  imports: [Icon],
  template: `
    <button
      type="button"
      role="switch"
      [attr.aria-checked]="on()"
      [attr.aria-describedby]="'expect-' + icon()"
      (click)="toggled.emit(!on())"
    >
      <arena-icon [name]="icon()" />
      <span class="label">{{ label() }}</span>
      <span class="track" aria-hidden="true"><i></i></span>
    </button>
    <p [id]="'expect-' + icon()">{{ expect() }}</p>
  `,
  styleUrl: './chaos-control.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ChaosSwitch {
  readonly icon = input.required<IconName>();
  readonly label = input.required<string>();
  readonly expect = input.required<string>();
  readonly on = input.required<boolean>();
  readonly toggled = output<boolean>();
}
