import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { TICK_LENGTH, type DamageType, type Dot, type Hot } from '@statewire/arena';

import { DamageGlyph } from '../ui/damage-glyph';
import { Icon } from '../ui/icon';

interface Chip {
  readonly id: string;
  readonly name: string;
  readonly type: DamageType | undefined;
  readonly amount: number;
  readonly seconds: number;
}

function chip(effect: Dot | Hot, tick: number): Chip {
  const seconds = Math.max(0, Math.ceil(((effect.endsAt - tick) * TICK_LENGTH) / 1000));
  const common = { id: effect.id, name: effect.name, seconds };
  return 'damage' in effect
    ? { ...common, type: effect.damage_type, amount: -effect.damage }
    : { ...common, type: undefined, amount: effect.heal };
}

/** The effects over time on a fighter: the damage or healing of each pulse, and the remaining time. */
@Component({
  selector: 'arena-effect-chips',
  imports: [DamageGlyph, Icon],
  template: `
    <ul role="list" aria-label="Effects">
      @for (chip of chips(); track chip.id) {
        <li
          [class]="chip.type ? 'damage-' + chip.type : 'healing'"
          [title]="chip.name + ': ' + (chip.amount > 0 ? '+' : '') + chip.amount + ' each pulse'"
        >
          @if (chip.type; as type) {
            <arena-damage-glyph [type]="type" />
          } @else {
            <arena-icon name="heart" />
          }
          <span class="sr-only">{{ chip.name }}</span>
          <span class="figures"
            >{{ chip.amount > 0 ? '+' : '−' }}{{ chip.amount < 0 ? -chip.amount : chip.amount }}</span
          >
          <span class="figures time"
            >{{ chip.seconds }}<span aria-hidden="true">s</span><span class="sr-only"> seconds left</span></span
          >
        </li>
      }
    </ul>
  `,
  styles: `
    ul {
      display: flex;
      flex-wrap: wrap;
      gap: 0.25rem;
      min-height: 1.35rem;
    }
    li {
      display: inline-flex;
      align-items: center;
      gap: 0.25rem;
      padding: 0 0.4rem 0 0.3rem;
      border: 1px solid color-mix(in oklab, var(--damage) 45%, transparent);
      border-radius: 99px;
      background: color-mix(in oklab, var(--damage) 10%, transparent);
      font-size: var(--text-xs);
      line-height: 1.25rem;
    }
    .healing {
      --damage: var(--health);
      color: var(--ink);
    }
    arena-icon {
      width: 1em;
      height: 1em;
      color: var(--health);
    }
    .time {
      color: var(--ink-soft);
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class EffectChips {
  readonly dots = input.required<readonly Dot[]>();
  readonly hots = input.required<readonly Hot[]>();
  readonly tick = input.required<number>();
  protected readonly chips = computed(() =>
    [...this.dots(), ...this.hots()].map((effect) => chip(effect, this.tick())),
  );
}
