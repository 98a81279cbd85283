import {
  ChangeDetectionStrategy,
  Component,
  computed,
  DOCUMENT,
  effect,
  inject,
  signal,
  viewChild,
  type ElementRef,
} from '@angular/core';
import { RouterOutlet } from '@angular/router';

import { ConnectionPanel } from './connection/connection-panel';
import { statusWords } from './connection/status-words';
import { GameStore } from './game/game-store';
import { NotificationToasts } from './game/notification-toasts';
import { Announcer } from './shell/announcer';
import { FocusKeeper } from './shell/focus-keeper';
import { mediaQuery } from './shell/media-query';
import { ToastStack } from './shell/toast-stack';
import { TopBar } from './shell/top-bar';
import { Wire } from './shell/wire';

/** The frame around every page: top bar, connection line, connection panel and messages. */
@Component({
  selector: 'arena-root',
  imports: [ConnectionPanel, RouterOutlet, ToastStack, TopBar, Wire],
  templateUrl: './app.html',
  styleUrl: './app.css',
  host: { '(document:keydown.escape)': 'closeDrawer()' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class App {
  private readonly document = inject(DOCUMENT);
  private readonly store = inject(GameStore);
  private readonly panel = viewChild<ElementRef<HTMLElement>>('panel');

  protected readonly announcer = inject(Announcer);
  protected readonly isWide = mediaQuery('(min-width: 72rem)');
  private readonly wish = signal<boolean | undefined>(undefined);
  protected readonly panelOpen = computed(() => this.wish() ?? this.isWide());
  /** On narrow screens the panel covers the page, so the page is inert then. */
  protected readonly isDrawerOpen = computed(() => this.panelOpen() && !this.isWide());

  constructor() {
    inject(NotificationToasts);
    inject(FocusKeeper);
    const title = computed(() => statusWords(this.store.status(), this.store.isServerStale()).title);
    effect(() => this.announcer.say(`Connection: ${title()}`));
  }

  protected togglePanel(): void {
    this.wish.set(!this.panelOpen());
    if (this.isDrawerOpen()) setTimeout(() => this.panel()?.nativeElement.focus());
  }

  protected closePanel(): void {
    this.wish.set(false);
    setTimeout(() => this.document.querySelector<HTMLElement>('[aria-controls="connection"]')?.focus());
  }

  protected closeDrawer(): void {
    if (this.isDrawerOpen()) this.closePanel();
  }

  protected skipToContent(event: Event): void {
    event.preventDefault();
    this.document.getElementById('main')?.focus();
  }
}
