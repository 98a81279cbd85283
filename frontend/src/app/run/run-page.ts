import { NgTemplateOutlet } from '@angular/common';
import {
  afterRenderEffect,
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  input,
} from '@angular/core';
import { Router } from '@angular/router';

import { BattleView } from '../battle/battle-view';
import { Commands } from '../game/commands';
import { GameStore } from '../game/game-store';
import { Announcer } from '../shell/announcer';
import { FocusKeeper } from '../shell/focus-keeper';
import { Icon } from '../ui/icon';
import { LiveFrame } from '../ui/live-frame';
import { Belongings } from './belongings';
import { Offers } from './offers';
import { PartyRoster } from './party-roster';
import { RoomMap } from './room-map';
import { phaseWords } from './run-words';

/** The page of a run: the map, and the content of the current room. */
@Component({
  selector: 'arena-run-page',
  imports: [BattleView, Belongings, Icon, LiveFrame, NgTemplateOutlet, Offers, PartyRoster, RoomMap],
  templateUrl: './run-page.html',
  styleUrl: './run-page.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class RunPage {
  /** A parameter of the route. */
  readonly runId = input.required<string>();

  protected readonly store = inject(GameStore);
  private readonly commands = inject(Commands);
  private readonly router = inject(Router);
  private readonly announcer = inject(Announcer);
  private readonly focusKeeper = inject(FocusKeeper);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);

  protected readonly run = computed(() => this.store.run().value);
  /** The player does one thing at a time, because the next state decides what is possible next. */
  protected readonly isBusy = this.commands.isMovingOn;
  protected readonly isOwn = computed(() => {
    const player = this.store.player();
    return player !== undefined && this.run()?.player.playerId === player.playerId;
  });
  protected readonly words = computed(() => {
    const run = this.run();
    return run === undefined ? '' : phaseWords(run.phase, run.outcome);
  });
  /** The map comes first while the player chooses a room. Otherwise the content of the room does. */
  protected readonly mapComesFirst = computed(() => ['choosing', 'finished'].includes(this.run()?.phase ?? ''));
  protected readonly hasOffers = computed(() => ['reward', 'shop', 'rest'].includes(this.run()?.phase ?? ''));
  /** The phase, once the page shows all of it; undefined while an action or a value is pending. */
  private readonly settledPhase = computed(() => {
    const phase = this.run()?.phase;
    const isWaiting = this.isBusy() || (phase === 'in-battle' && this.store.battle().value === undefined);
    return isWaiting ? undefined : phase;
  });

  constructor() {
    effect(() => this.store.runId.set(this.runId()));
    effect(() => {
      const run = this.run();
      this.store.battleId.set(run?.phase === 'in-battle' ? (run.battleId ?? undefined) : undefined);
    });
    effect(() => {
      if (this.words() !== '') this.announcer.say(this.words());
    });
    this.keepFocus();
  }

  protected choose(roomId: string): void {
    void this.commands.chooseRoom(this.runId(), roomId);
  }

  protected pick(offerId: string): void {
    void this.commands.pickOffer(this.runId(), offerId);
  }

  protected leaveRoom(): void {
    void this.commands.leaveRoom(this.runId());
  }

  protected async startAnother(): Promise<void> {
    const started = await this.commands.startRun();
    if (started !== undefined) await this.router.navigate(['/runs', started.runId]);
  }

  /** Moves the focus to the heading of the next phase, because the pressed button is gone. */
  private keepFocus(): void {
    let isFirst = true;
    afterRenderEffect(() => {
      if (this.settledPhase() === undefined || !this.isOwn()) return;
      if (!isFirst) this.focusKeeper.offer(this.host.nativeElement.querySelector('h2'));
      isFirst = false;
    });
  }
}
