import { ChangeDetectionStrategy, Component, computed, inject, input, output } from '@angular/core';
import { RouterLink, RouterLinkActive } from '@angular/router';

import { statusWords } from '../connection/status-words';
import { GameStore } from '../game/game-store';
import { Icon } from '../ui/icon';
import { NotificationBell } from './notification-bell';
import { ThemeService, type Theme } from './theme.service';

const THEMES = {
  auto: { icon: 'auto', label: 'Theme: as the system' },
  light: { icon: 'sun', label: 'Theme: light' },
  dark: { icon: 'moon', label: 'Theme: dark' },
} as const satisfies Record<Theme, object>;

@Component({
  selector: 'arena-top-bar',
  imports: [Icon, NotificationBell, RouterLink, RouterLinkActive],
  templateUrl: './top-bar.html',
  styleUrl: './top-bar.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class TopBar {
  readonly panelOpen = input.required<boolean>();
  readonly panelToggled = output();

  protected readonly store = inject(GameStore);
  protected readonly themes = inject(ThemeService);
  protected readonly theme = computed(() => THEMES[this.themes.theme()]);
  protected readonly words = computed(() => statusWords(this.store.status(), this.store.isServerStale()));
  protected readonly roundTrip = computed(() => {
    const status = this.store.status();
    if (status.state !== 'live' || this.store.isServerStale() || status.roundTripTimeMs === undefined) return undefined;
    return `${Math.max(1, Math.round(status.roundTripTimeMs))} ms`;
  });
}
