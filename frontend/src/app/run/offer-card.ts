import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import type { Offer } from '@statewire/arena';

import { Icon } from '../ui/icon';
import { offerWords } from './offer-words';

/** A card of something that the player may pick. */
@Component({
  selector: 'arena-offer-card',
  imports: [Icon],
  template: `
    <button
      type="button"
      [class]="words().rarity"
      [disabled]="isDisabled()"
      [attr.data-offer]="offer().id"
      (click)="picked.emit(offer().id)"
    >
      <span class="sort">{{ words().sort }}</span>
      <span class="emblem"><arena-icon [name]="words().icon" /></span>
      <span class="name">{{ words().name }}</span>
      @if (words().member; as member) {
        <span class="member">for {{ member }}</span>
      }
      <span class="text">{{ words().text }}</span>
      @if (offer().price > 0) {
        <span class="price figures" [class.short]="offer().price > gold()">
          <arena-icon name="coin" />{{ offer().price }}<span class="sr-only"> gold</span>
        </span>
      }
    </button>
  `,
  styleUrl: './offer-card.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class OfferCard {
  readonly offer = input.required<Offer>();
  readonly gold = input.required<number>();
  readonly canPick = input.required<boolean>();
  readonly picked = output<string>();
  protected readonly words = computed(() => offerWords(this.offer()));
  protected readonly isDisabled = computed(() => !this.canPick() || this.offer().price > this.gold());
}
