import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { RunSnapshot } from '@statewire/arena';

import { groupBy } from '../ui/group-by';
import { Icon } from '../ui/icon';

/** The relics and the deck of a run. Equal cards are one line with a count. */
@Component({
  selector: 'arena-belongings',
  imports: [Icon],
  template: `
    <section class="card" aria-labelledby="relics-title">
      <h2 id="relics-title" class="eyebrow">Relics</h2>
      <ul role="list">
        @for (relic of run().relics; track relic.id) {
          <li class="epic">
            <arena-icon name="relic" />
            <p>
              <b>{{ relic.name }}</b> <span class="soft">{{ relic.text }}</span>
            </p>
          </li>
        } @empty {
          <li class="soft">None yet.</li>
        }
      </ul>
    </section>
    <section class="card" aria-labelledby="deck-title">
      <h2 id="deck-title" class="eyebrow">Deck</h2>
      <ul role="list">
        @for (card of cards(); track $index) {
          <li [class]="card.rarity">
            <arena-icon name="card" />
            <p>
              <b>{{ card.name }}</b>
              @if (card.count > 1) {
                <span class="figures"> × {{ card.count }}</span>
              }
              <span class="soft"> {{ card.text }}, for {{ card.member }}</span>
            </p>
          </li>
        } @empty {
          <li class="soft">No cards yet; they are won in battles and sold in shops.</li>
        }
      </ul>
    </section>
  `,
  styles: `
    :host {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr));
      gap: var(--gap-m);
    }
    section {
      padding: var(--gap-m);
    }
    ul {
      display: grid;
      gap: 0.45rem;
      margin-top: var(--gap-s);
      font-size: var(--text-s);
    }
    li {
      display: flex;
      gap: 0.6rem;
    }
    arena-icon {
      margin-top: 0.1em;
      color: var(--common);
    }
    .rare arena-icon {
      color: var(--rare);
    }
    .epic arena-icon {
      color: var(--epic);
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Belongings {
  readonly run = input.required<RunSnapshot>();
  protected readonly cards = computed(() => {
    const byId = groupBy(this.run().deck, ({ id, member }) => `${id} ${member}`);
    return [...byId.values()].flatMap(([card, ...more]) =>
      card === undefined ? [] : [{ ...card, count: 1 + more.length }],
    );
  });
}
