import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

/** Hit points as a bar. A trail shows the points that were just lost. */
@Component({
  selector: 'arena-health-bar',
  template: `
    <div
      class="track"
      role="meter"
      [class.low]="percent() <= 30"
      [attr.aria-label]="label()"
      aria-valuemin="0"
      [attr.aria-valuemax]="max()"
      [attr.aria-valuenow]="value()"
      [attr.aria-valuetext]="value() + ' of ' + max()"
    >
      <span class="trail" [style.translate]="reach()"></span>
      <span class="fill" [style.translate]="reach()"></span>
    </div>
  `,
  styles: `
    :host {
      display: block;
    }
    .track {
      position: relative;
      height: var(--bar, 0.6rem);
      overflow: hidden;
      border-radius: 99px;
      background: color-mix(in oklab, var(--ink) 14%, var(--surface));
    }
    span {
      position: absolute;
      inset: 0;
      border-radius: inherit;
    }
    .trail {
      background: var(--health-trail);
      transition: translate 500ms 180ms var(--ease);
    }
    .fill {
      background: linear-gradient(180deg, color-mix(in oklab, var(--health) 82%, white), var(--health));
      transition: translate 110ms linear;
    }
    .low .fill {
      background: linear-gradient(180deg, color-mix(in oklab, var(--health-low) 82%, white), var(--health-low));
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class HealthBar {
  readonly value = input.required<number>();
  readonly max = input.required<number>();
  readonly label = input('Hit points');
  protected readonly percent = computed(() => (this.max() > 0 ? Math.max(0, (100 * this.value()) / this.max()) : 0));
  /** A transform, because a change of the width would cause a layout in each frame. */
  protected readonly reach = computed(() => `${this.percent() - 100}% 0`);
}
