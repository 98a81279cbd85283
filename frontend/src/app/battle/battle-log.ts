import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { LogEntry } from '@statewire/arena';

import { battleClock } from './battle-clock';

/** The events of a battle, newest first. They are too fast for screen readers, so the page announces deaths and the end. */
@Component({
  selector: 'arena-battle-log',
  template: `
    <ol role="list" aria-label="Battle log, newest first" tabindex="0">
      @for (line of lines(); track line.id) {
        <li [class]="line.kind">
          <span class="figures soft">{{ line.clock }}</span>
          <span>{{ line.text }}</span>
        </li>
      }
    </ol>
  `,
  styles: `
    ol {
      height: 100%;
      max-height: 17rem;
      overflow-y: auto;
      overscroll-behavior: contain;
      font-size: var(--text-s);
    }
    li {
      display: grid;
      grid-template-columns: 3.6rem 1fr;
      gap: 0.5rem;
      padding: 0.16rem 0;
      border-bottom: 1px dotted var(--line);
    }
    .special,
    .death,
    .end {
      font-weight: 650;
    }
    .death span:last-child {
      color: var(--broken);
    }
    .effect span:last-child {
      color: var(--ink-soft);
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class BattleLog {
  readonly entries = input.required<readonly LogEntry[]>();
  protected readonly lines = computed(() =>
    this.entries()
      .map(({ id, tick, kind, text }) => ({ id, kind, text, clock: battleClock(tick) }))
      .reverse(),
  );
}
