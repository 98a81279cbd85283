import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { Router } from '@angular/router';
import { provideRealtimeSimulation, RealtimeSimulation } from '@statewire/angular/testing';
import { notifications, type Session } from '@statewire/arena';

import { App } from '../app/app';
import { appConfig } from '../app/app.config';
import { SessionService } from '../app/game/session.service';
import { buttonsOf } from './render';

export interface Visit {
  /** The session of the player. Default: none. */
  readonly session?: Session;
}

/** The whole client at one of its addresses, as `main.ts` starts it, on a network that the test controls. */
export class ArenaPage {
  readonly simulation = TestBed.inject(RealtimeSimulation);
  readonly server = this.simulation.server;
  readonly network = this.simulation.network;
  readonly clock = this.simulation.clock;

  private constructor(private readonly fixture: ComponentFixture<App>) {}

  static async open(address: string, { session }: Visit = {}): Promise<ArenaPage> {
    sessionStorage.clear();
    const { providers } = appConfig({ WEBSOCKET_ENABLED: true });
    TestBed.configureTestingModule({ providers: [...providers, provideRealtimeSimulation({ latency: 20 })] });
    const { server } = TestBed.inject(RealtimeSimulation);
    if (session !== undefined) {
      TestBed.inject(SessionService).keep(session);
      server.declare(notifications.with({ playerId: session.playerId }));
    }
    const page = new ArenaPage(TestBed.createComponent(App));
    await page.simulation.outcome(TestBed.inject(Router).navigateByUrl(address));
    return page;
  }

  get element(): HTMLElement {
    return this.fixture.nativeElement as HTMLElement;
  }

  get text(): string {
    return this.element.textContent;
  }

  /** Advances the clock until the page shows a text. */
  shows(expected: string | RegExp, within?: number): Promise<void> {
    return this.simulation.shows(this.fixture, expected, within);
  }

  /** Advances the clock until the page shows this state of the connection. */
  async connection(state: string): Promise<void> {
    const isShown = (): boolean => this.element.querySelector(`[data-status="${state}"]`) !== null;
    await this.simulation.until(isShown, `the page to be ${state}`);
  }

  /** Presses a button as soon as it exists. */
  async press(name: string | RegExp): Promise<void> {
    await this.simulation.until(() => buttonsOf(this.element, name).length === 1, `one button ${String(name)}`);
    buttonsOf(this.element, name)[0]?.click();
  }
}
