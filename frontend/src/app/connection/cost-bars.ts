import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

import { formatBytes } from './format';
import type { Savings } from './savings';

/** Compares the bytes that this page received with those of polling, and explains the calculation. */
@Component({
  selector: 'arena-cost-bars',
  template: `
    @if (savings().costs[2]?.bytes) {
      <p class="headline">
        <b class="figures">{{ savings().againstFull }} %</b> fewer bytes than polling for the same freshness
      </p>
    }
    <dl>
      @for (cost of bars(); track cost.label) {
        <div>
          <dt>{{ cost.label }}</dt>
          <dd class="figures">{{ cost.amount }}</dd>
          <span class="bar" aria-hidden="true"><i [style.width.%]="cost.share * 100"></i></span>
        </div>
      }
    </dl>
    <p class="soft small">{{ sentence() }}</p>
    <details>
      <summary>How this is counted</summary>
      <p>
        Received: payloads of WebSocket messages and HTTP bodies. Polling every 2 s: the JSON of what you look at, asked
        for every two seconds; values that did not change cost nothing, as with ETags. Polling as fresh as this: the
        same JSON each time it changed. Headers are counted nowhere, which flatters polling.
      </p>
    </details>
  `,
  styles: `
    .headline {
      font-size: var(--text-s);
    }
    .headline b {
      color: var(--tone, var(--accent));
      font-size: var(--text-l);
    }
    dl {
      display: grid;
      gap: 0.4rem;
      margin: var(--gap-s) 0;
      font-size: var(--text-xs);
    }
    dl div {
      display: grid;
      grid-template-columns: 1fr auto;
    }
    .bar {
      grid-column: 1 / -1;
      height: 5px;
      margin-top: 2px;
      border-radius: 3px;
      background: color-mix(in oklab, var(--ink) 10%, transparent);
    }
    i {
      display: block;
      min-width: 2px;
      height: 100%;
      border-radius: inherit;
      background: var(--line-strong);
      transition: width var(--steady);
    }
    div:first-child i {
      background: var(--tone, var(--accent));
    }
    .small,
    details {
      font-size: var(--text-xs);
    }
    summary {
      width: fit-content;
      margin-top: 0.1rem;
      padding: 0.25rem 0;
      color: var(--ink-soft);
      cursor: pointer;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class CostBars {
  readonly savings = input.required<Savings>();

  protected readonly bars = computed(() =>
    this.savings().costs.map((cost) => ({ ...cost, amount: formatBytes(cost.bytes) })),
  );
  protected readonly sentence = computed(() => {
    const { againstPolling, timesFresher } = this.savings();
    const cost = againstPolling >= 0 ? `${againstPolling} % less than` : `${-againstPolling} % more than`;
    return `That is ${cost} polling every 2 s, and ${timesFresher.toFixed(1)} times as many changes were shown.`;
  });
}
