import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';
import type { Hit } from '@statewire/arena';

/** Numbers that rise from a fighter. They are hidden from screen readers, because the log has the same in words. */
@Component({
  selector: 'arena-floating-hits',
  template: `
    @for (hit of hits(); track hit.id) {
      <span
        class="hit figures"
        [class]="hit.kind + (hit.damage_type ? ' damage-' + hit.damage_type : '')"
        [style.--drift]="((hit.id * 37) % 50) - 25 + 'px'"
        (animationend)="faded.emit(hit.id)"
        >{{ text(hit) }}</span
      >
    }
  `,
  host: { 'aria-hidden': 'true' },
  styles: `
    :host {
      position: absolute;
      inset: 0;
      z-index: 2;
      pointer-events: none;
    }
    .hit {
      position: absolute;
      left: 50%;
      top: 30%;
      color: var(--damage, var(--ink));
      font-size: 1.05rem;
      font-weight: 800;
      white-space: nowrap;
      paint-order: stroke;
      -webkit-text-stroke: 4px var(--surface);
      animation: rise 950ms var(--ease) both;
    }
    .critical {
      font-size: 1.5rem;
    }
    .dot {
      font-size: 0.9rem;
    }
    .heal {
      color: var(--health);
    }
    .dodge {
      color: var(--ink-soft);
      font: italic 600 0.95rem var(--font-display);
    }
    @keyframes rise {
      from {
        opacity: 0;
        transform: translate(-50%, 30%) scale(0.7);
      }
      18% {
        opacity: 1;
        transform: translate(calc(-50% + var(--drift) * 0.3), -10%) scale(1.12);
      }
      70% {
        opacity: 1;
      }
      to {
        opacity: 0;
        transform: translate(calc(-50% + var(--drift)), -190%) scale(1);
      }
    }
    @media (prefers-reduced-motion: reduce) {
      .hit {
        transform: translate(-50%, -60%);
        /* Nothing changes before its end: no frame is drawn for it meanwhile. */
        animation: stay 1ms 900ms step-end both !important;
      }
      @keyframes stay {
        from {
          opacity: 1;
        }
        to {
          opacity: 0;
        }
      }
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class FloatingHits {
  readonly hits = input.required<readonly Hit[]>();
  readonly faded = output<number>();

  protected text({ kind, amount }: Hit): string {
    if (kind === 'dodge') return 'dodged';
    if (kind === 'heal') return `+${amount}`;
    return kind === 'critical' ? `${amount}!` : `${amount}`;
  }
}
