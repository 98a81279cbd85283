import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  computed,
  ElementRef,
  inject,
  Injector,
  signal,
  viewChild,
} from '@angular/core';
import { RouterLink } from '@angular/router';

import { formatAge } from '../connection/format';
import { Commands } from '../game/commands';
import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { Clock } from './clock';
import { FocusKeeper } from './focus-keeper';

/** The number of notifications, and the list with a button to dismiss each. */
@Component({
  selector: 'arena-notification-bell',
  imports: [Icon, RouterLink],
  templateUrl: './notification-bell.html',
  styleUrl: './notification-bell.css',
  host: { '(keydown.escape)': 'close()', '(document:click)': 'closeFromOutside($event)' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class NotificationBell {
  private readonly store = inject(GameStore);
  private readonly commands = inject(Commands);
  private readonly clock = inject(Clock);
  private readonly focusKeeper = inject(FocusKeeper);
  private readonly injector = inject(Injector);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly button = viewChild.required<ElementRef<HTMLButtonElement>>('button');

  protected readonly isOpen = signal(false);
  protected readonly count = computed(() => this.store.notifications().length);
  protected readonly label = computed(() =>
    this.count() === 0 ? 'Notifications' : `Notifications, ${this.count()} new`,
  );
  protected readonly items = computed(() =>
    this.store
      .notifications()
      .map((item) => ({ ...item, age: formatAge(this.clock.now() - item.at) }))
      .reverse(),
  );

  protected toggle(): void {
    this.isOpen.update((open) => !open);
  }

  protected close(): void {
    if (!this.isOpen()) return;
    this.isOpen.set(false);
    this.button().nativeElement.focus();
  }

  protected closeFromOutside({ target }: Event): void {
    const isOutside = target instanceof Node && target.isConnected && !this.host.nativeElement.contains(target);
    if (isOutside) this.isOpen.set(false);
  }

  protected dismiss(id: string): void {
    void this.commands.dismiss(id);
    this.keepFocus();
  }

  protected dismissAll(): void {
    for (const { id } of this.items()) void this.commands.dismiss(id);
    this.keepFocus();
  }

  /** Moves the focus to the next button of the list, or to its heading, because the pressed button is gone. */
  private keepFocus(): void {
    afterNextRender(
      () => {
        const section = this.host.nativeElement.querySelector('section');
        const next = section?.querySelector<HTMLElement>('li button') ?? section?.querySelector('h2') ?? null;
        this.focusKeeper.offer(next);
      },
      { injector: this.injector },
    );
  }
}
