import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import type { RunSnapshot } from '@statewire/arena';

import { Icon } from '../ui/icon';
import { OfferCard } from './offer-card';

const WORDS = {
  reward: { title: 'Choose a reward', text: 'One of these is yours.', leave: 'Take nothing' },
  shop: { title: 'The shop', text: 'Buy what your gold allows, then go on.', leave: 'Leave the shop' },
  rest: { title: 'A quiet place', text: 'There is time for one thing.', leave: 'Move on' },
} as const;

/** The offers of the current room. */
@Component({
  selector: 'arena-offers',
  imports: [Icon, OfferCard],
  template: `
    <header>
      <div>
        <h2>{{ words().title }}</h2>
        <p class="soft">{{ canPick() ? words().text : 'The player is choosing.' }}</p>
      </div>
      @if (canPick()) {
        <button type="button" class="button" (click)="left.emit()">
          {{ words().leave }}<arena-icon name="arrow" />
        </button>
      }
    </header>
    <ul role="list">
      @for (offer of run().offers; track offer.id) {
        <li>
          <arena-offer-card [offer]="offer" [gold]="run().gold" [canPick]="canPick()" (picked)="picked.emit($event)" />
        </li>
      } @empty {
        <li class="soft">Nothing is left here.</li>
      }
    </ul>
  `,
  styles: `
    header {
      display: flex;
      flex-wrap: wrap;
      align-items: end;
      justify-content: space-between;
      gap: var(--gap-s) var(--gap-l);
      margin-bottom: var(--gap-m);
    }
    h2 {
      width: fit-content;
      margin-bottom: 0.35rem;
      font-size: var(--text-xl);
    }
    ul {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(11.5rem, 17rem));
      gap: var(--gap-m);
    }
    @media (max-width: 40rem) {
      ul {
        grid-template-columns: 1fr;
        gap: var(--gap-s);
      }
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Offers {
  readonly run = input.required<RunSnapshot>();
  readonly canPick = input.required<boolean>();
  readonly picked = output<string>();
  readonly left = output();
  protected readonly words = computed(() => {
    const { phase } = this.run();
    return phase === 'shop' || phase === 'rest' ? WORDS[phase] : WORDS.reward;
  });
}
