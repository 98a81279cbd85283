import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';

import { Icon } from '../ui/icon';
import { ProofService, type Verdict } from './proof.service';

const WORDS: Readonly<Record<Verdict['result'], (verdict: Verdict) => string>> = {
  equal: () => 'equal',
  different: () => 'DIFFERENT',
  missed: () => 'moved on before it could be compared; try again',
  gone: ({ topic }) => `the server no longer has this ${subject(topic)}`,
  rejected: ({ status }) => `the server answered with the error ${status}`,
  unreachable: () => 'the server did not answer',
};

const SUBJECTS: Readonly<Record<string, string>> = { battles: 'battle', runs: 'run', lobby: 'lobby' };

function subject(topic: string): string {
  return SUBJECTS[topic.split('/')[0] ?? ''] ?? 'value';
}

/** A button that compares the page with the server, in any state of the connection. */
@Component({
  selector: 'arena-proof',
  imports: [Icon],
  template: `
    <button type="button" class="button" [attr.aria-disabled]="isComparing()" (click)="compare()">
      <arena-icon name="check" />{{ isComparing() ? 'Comparing …' : 'Compare with the server' }}
    </button>
    <ul role="list" aria-live="polite" [attr.data-comparisons]="comparisons()">
      @for (line of lines(); track line.topic) {
        <li [class]="line.result" [attr.data-verdict]="line.result" [attr.data-topic]="line.topic">
          <span>The {{ line.subject }}</span>
          @if (line.offset !== undefined) {
            <span class="soft"
              >at change <span class="figures">{{ line.offset }}</span></span
            >
          }
          <b>{{ line.words }}</b>
        </li>
      }
    </ul>
    @if (lines().length === 0) {
      <p class="soft">Fetches what is on this screen over plain HTTP and compares every field at the same change.</p>
    }
  `,
  styles: `
    .button {
      width: 100%;
    }
    ul,
    p {
      margin-top: var(--gap-s);
      font-size: var(--text-xs);
    }
    li {
      display: flex;
      flex-wrap: wrap;
      gap: 0.2rem 0.6rem;
    }
    li b {
      margin-left: auto;
    }
    .equal b {
      color: var(--live);
    }
    .different b {
      color: var(--broken);
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Proof {
  private readonly proof = inject(ProofService);
  private readonly verdicts = signal<readonly Verdict[]>([]);

  protected readonly isComparing = signal(false);
  /** Number of finished comparisons. Tests wait for it. */
  protected readonly comparisons = signal(0);
  protected readonly lines = computed(() =>
    this.verdicts().map((verdict) => ({
      ...verdict,
      subject: subject(verdict.topic),
      words: WORDS[verdict.result](verdict),
    })),
  );

  /** The button is never `disabled`, because a click would then take the focus away from it. */
  protected async compare(): Promise<void> {
    if (this.isComparing()) return;
    this.isComparing.set(true);
    try {
      this.verdicts.set(await this.proof.compare());
      this.comparisons.update((count) => count + 1);
    } finally {
      this.isComparing.set(false);
    }
  }
}
