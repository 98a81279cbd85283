import { effect, inject, Injectable, untracked } from '@angular/core';

import { Toasts } from '../shell/toasts';
import { GameStore } from './game-store';

const KEY = 'arena.notified';

/** Shows each notification once as a toast, even if a reload of the page replays the topic from its beginning. */
@Injectable({ providedIn: 'root' })
export class NotificationToasts {
  constructor() {
    const store = inject(GameStore);
    const toasts = inject(Toasts);
    effect(() => {
      const playerId = store.player()?.playerId;
      const list = store.notifications();
      if (playerId === undefined) return;
      untracked(() => {
        const seen = seenUntil(playerId);
        const fresh = list.filter(({ at }) => at > seen);
        for (const { title, text } of fresh) toasts.show('notice', title, text);
        const newest = Math.max(seen, ...fresh.map(({ at }) => at));
        sessionStorage.setItem(KEY, JSON.stringify({ playerId, until: newest }));
      });
    });
  }
}

function seenUntil(playerId: string): number {
  try {
    const mark = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as { playerId?: string; until?: number };
    return mark.playerId === playerId ? (mark.until ?? 0) : 0;
  } catch {
    return 0;
  }
}
