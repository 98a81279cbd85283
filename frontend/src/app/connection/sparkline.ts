import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

const WIDTH = 240;
const HEIGHT = 44;

/** The last minute of one figure as a line. The text beside it has the figure itself. */
@Component({
  selector: 'arena-sparkline',
  template: `
    <svg [attr.viewBox]="'0 0 ' + width + ' ' + height" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path class="area" [attr.d]="area()" />
      <path class="line" [attr.d]="line()" />
    </svg>
  `,
  styles: `
    :host {
      display: block;
    }
    svg {
      width: 100%;
      height: 2.75rem;
      overflow: visible;
    }
    .line {
      fill: none;
      stroke: var(--tone, var(--accent));
      stroke-width: 1.5;
      stroke-linejoin: round;
      vector-effect: non-scaling-stroke;
    }
    .area {
      fill: color-mix(in oklab, var(--tone, var(--accent)) 16%, transparent);
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Sparkline {
  readonly values = input.required<readonly number[]>();
  /** Number of values that fill the whole width. */
  readonly capacity = input(60);

  protected readonly width = WIDTH;
  protected readonly height = HEIGHT;
  protected readonly line = computed(() => `M${this.points().join('L')}`);
  protected readonly area = computed(() => `M${WIDTH} ${HEIGHT}L${this.points().toReversed().join('L')}V${HEIGHT}Z`);

  private readonly points = computed(() => {
    const values = this.values().length > 1 ? this.values() : [0, 0];
    const top = Math.max(1, ...values);
    const step = WIDTH / (this.capacity() - 1);
    const left = WIDTH - step * (values.length - 1);
    return values.map((value, index) => `${left + index * step} ${HEIGHT - 2 - (value / top) * (HEIGHT - 6)}`);
  });
}
