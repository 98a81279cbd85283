import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';

import { Icon } from '../ui/icon';
import type { IconName } from '../ui/icon-paths';

/** A button that breaks something once, with a description of the effect. */
@Component({
  selector: 'arena-chaos-button',
  imports: [Icon],
  template: `
    <button type="button" [attr.aria-describedby]="'expect-' + icon()" (click)="pressed.emit()">
      <arena-icon [name]="icon()" />
      <span class="label">{{ label() }}</span>
    </button>
    <p [id]="'expect-' + icon()">{{ expect() }}</p>
  `,
  styleUrl: './chaos-control.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ChaosButton {
  readonly icon = input.required<IconName>();
  readonly label = input.required<string>();
  readonly expect = input.required<string>();
  readonly pressed = output();
}
