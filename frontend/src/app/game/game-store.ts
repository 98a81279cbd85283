import { computed, effect, inject, Injectable, signal, untracked, type Signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { RealtimeService } from '@statewire/angular';
import {
  battle,
  lobby,
  notifications,
  run,
  type ArenaState,
  type BattleSnapshot,
  type Lobby,
  type Notification,
  type RunSnapshot,
} from '@statewire/arena';
import { RealtimeClientError, type TopicState } from '@statewire/angular';
import type { TopicReference } from '@statewire/protocol';
import { catchError, EMPTY, of, scan, startWith, switchMap, tap } from 'rxjs';

import { withNotificationEvent } from './notification-list';
import { SessionService } from './session.service';

/** The topics that this page follows, in the shape of `GET /api/state`. The maps have entries of followed topics only. */
export type FollowedState = Omit<ArenaState, 'lobby'> & { readonly lobby: Lobby | undefined };

type StateReference<T> = TopicReference<T, 'state'> | undefined;

const UNKNOWN: TopicState<never> = {
  value: undefined,
  confirmed: undefined,
  pending: 0,
  position: undefined,
  freshness: { state: 'catching-up' },
  error: undefined,
};

/** Codes of a topic that the server took off the board, because its battle or run is over. */
const TAKEN_OFF: ReadonlySet<string> = new Set(['closed', 'unknown_topic']);

/** Reasons of a denial that concern the session. The page may then connect again without one. */
const CREDENTIALS_REJECTED: ReadonlySet<string> = new Set(['unauthorized', 'close-4003']);

/**
 * The store of the client: lobby, current run, current battle and the player's notifications, each with its position and
 * freshness. All of it comes from `RealtimeService`.
 */
@Injectable({ providedIn: 'root' })
export class GameStore {
  private readonly realtime = inject(RealtimeService);
  private readonly session = inject(SessionService);

  /** The battle and the run of the page. The routes set them. */
  readonly battleId = signal<string | undefined>(undefined);
  readonly runId = signal<string | undefined>(undefined);

  readonly status = this.realtime.status;
  readonly player = this.session.current;

  readonly lobby: Signal<TopicState<Lobby>> = this.follow(() => lobby.with());
  readonly battle: Signal<TopicState<BattleSnapshot>> = this.follow(() => {
    const battleId = this.battleId();
    return battleId === undefined ? undefined : battle.with({ battleId });
  });
  readonly run: Signal<TopicState<RunSnapshot>> = this.follow(() => {
    const runId = this.runId();
    return runId === undefined ? undefined : run.with({ runId });
  });

  /** Whether the page misses a current value that a server should have. */
  readonly isServerStale = computed(() =>
    [this.lobby(), this.battle(), this.run()].some(
      ({ error, freshness, value }) =>
        error?.temporary === true || (value !== undefined && freshness.state === 'stale' && error === undefined),
    ),
  );

  private readonly dismissing = signal<ReadonlySet<string>>(new Set());
  /** Notifications that the server has not dismissed, oldest first. */
  private readonly undismissed: Signal<readonly Notification[]> = this.followNotifications();
  /** Whether the server rejects guests too. The page must not try again then. */
  private isRejectedAsGuest = false;

  /** Notifications that are neither dismissed nor being dismissed, oldest first. */
  readonly notifications = computed<readonly Notification[]>(() => {
    const dismissing = this.dismissing();
    return this.undismissed().filter(({ id }) => !dismissing.has(id));
  });

  /** Id of the player's unfinished run, or of the run that ended last. */
  readonly ownRunId = computed(() => {
    const playerId = this.player()?.playerId;
    const runs = this.lobby().value?.runs.filter(({ player }) => player.playerId === playerId) ?? [];
    return (runs.find(({ phase }) => phase !== 'finished') ?? runs.at(-1))?.runId;
  });

  constructor() {
    effect(() => {
      const status = this.status();
      if (status.state === 'live' || status.state === 'polling') this.isRejectedAsGuest = false;
      const isUnknownToServer = status.state === 'denied' && CREDENTIALS_REJECTED.has(status.reason.code);
      if (isUnknownToServer && !this.isRejectedAsGuest) untracked(() => this.watchAsGuest());
    });
  }

  async enter(name: string): Promise<void> {
    await this.session.start(name);
    this.realtime.reauthenticate();
  }

  leave(): void {
    this.session.leave();
    this.realtime.reauthenticate();
  }

  /** Connects again after the server rejected the page. */
  tryAgain(): void {
    this.realtime.connect();
  }

  /** Returns the confirmed values in the shape of `GET /api/state`. */
  snapshot(): FollowedState {
    const run = this.run().confirmed;
    const battle = this.battle().confirmed;
    return {
      lobby: this.lobby().confirmed,
      runs: run === undefined ? {} : { [run.runId]: run },
      battles: battle === undefined ? {} : { [battle.battleId]: battle },
      notifications: this.undismissed(),
    };
  }

  /** Hides a notification before the server dismisses it. @returns a function that shows it again. */
  hideNotification(id: string): () => void {
    this.dismissing.update((ids) => new Set(ids).add(id));
    return () => this.endDismissing(id);
  }

  private endDismissing(id: string): void {
    this.dismissing.update((ids) => new Set([...ids].filter((other) => other !== id)));
  }

  /** Connects without the session, because everybody may watch, and the server no longer knows the session. */
  private watchAsGuest(): void {
    // A rejected refresh may have dropped the session already.
    if (this.player() !== undefined) this.session.lose();
    this.isRejectedAsGuest = true;
    this.realtime.connect();
  }

  private follow<T>(reference: () => StateReference<T>): Signal<TopicState<T>> {
    const topic = computed<StateReference<T> | RealtimeClientError>(
      () => {
        try {
          return reference();
        } catch {
          return new RealtimeClientError('unknown_topic', 'This address names nothing that could exist.');
        }
      },
      { equal: (one, other) => one?.name === other?.name && !(other instanceof Error) },
    );
    const states = toObservable(topic).pipe(
      switchMap((followed) => {
        if (followed === undefined) return of(UNKNOWN);
        if (followed instanceof Error) return of({ ...UNKNOWN, error: followed });
        return this.realtime.topic(followed).pipe(startWith(UNKNOWN), scan(keepLast));
      }),
    );
    return toSignal(states, { initialValue: UNKNOWN });
  }

  private followNotifications(): Signal<readonly Notification[]> {
    const playerId = computed(() => this.player()?.playerId);
    const none: readonly Notification[] = [];
    const lists = toObservable(playerId).pipe(
      tap(() => this.dismissing.set(new Set())),
      switchMap((id) => {
        if (id === undefined) return of(none);
        const topic = notifications.with({ playerId: id });
        return this.realtime.deliveries(topic, { since: 'oldest' }).pipe(
          tap((delivery) => {
            if (delivery.type !== 'event' || delivery.data.type !== 'dismissed') return;
            this.endDismissing(delivery.data.notificationId);
          }),
          scan(
            (list, delivery) => (delivery.type === 'event' ? withNotificationEvent(list, delivery.data) : list),
            none,
          ),
          startWith(none),
          catchError(() => EMPTY),
        );
      }),
    );
    return toSignal(lists, { initialValue: none });
  }
}

/** Whether the topic has the last value of a battle or run that the server took off the board. */
export function isOver({ value, error }: TopicState<unknown>): boolean {
  return value !== undefined && error !== undefined && TAKEN_OFF.has(error.code);
}

/** Keeps the last value of a battle or run that is over, so that a visitor can go on reading it. */
function keepLast<T>(last: TopicState<T>, next: TopicState<T>): TopicState<T> {
  const isTakenOff = next.error !== undefined && TAKEN_OFF.has(next.error.code);
  if (next.value !== undefined || last.value === undefined || !(isTakenOff || isOver(last))) return next;
  return { ...last, pending: 0, error: next.error ?? last.error };
}
