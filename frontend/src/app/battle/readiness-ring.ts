import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

/** A ring around its content. It shows how soon a fighter acts. */
@Component({
  selector: 'arena-readiness-ring',
  template: `
    <svg viewBox="0 0 100 100" aria-hidden="true" focusable="false">
      <circle cx="50" cy="50" r="47" class="track" />
      <circle
        cx="50"
        cy="50"
        r="47"
        class="arc"
        pathLength="100"
        [style.stroke-dashoffset]="offset()"
        [class.ready]="fraction() >= 1"
      />
    </svg>
    <ng-content />
  `,
  host: { '[class.jump]': 'jumpsBack()' },
  styles: `
    :host {
      position: relative;
      display: grid;
      place-items: center;
    }
    svg {
      position: absolute;
      inset: 0;
      width: 100%;
      height: 100%;
      rotate: -90deg;
    }
    circle {
      fill: none;
      stroke-width: 4;
    }
    .track {
      stroke: color-mix(in oklab, var(--ink) 12%, transparent);
    }
    .arc {
      stroke: var(--damage, var(--accent));
      stroke-dasharray: 100;
      stroke-linecap: round;
      transition: stroke-dashoffset 110ms linear;
    }
    :host(.jump) .arc {
      transition: none;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ReadinessRing {
  /** From 0 to 1. */
  readonly fraction = input.required<number>();
  protected readonly offset = computed(() => 100 * (1 - this.fraction()));
  /** No transition right after an action, so that the arc does not run backwards. */
  protected readonly jumpsBack = computed(() => this.fraction() < 0.08);
}
