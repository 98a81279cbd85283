import {
  inject,
  provideBrowserGlobalErrorListeners,
  provideZonelessChangeDetection,
  type ApplicationConfig,
} from '@angular/core';
import { provideRouter, withComponentInputBinding, withInMemoryScrolling } from '@angular/router';
import { provideRealtime, withAuth, withPolling, withWebSocket } from '@statewire/angular';

import { routes } from './app.routes';
import { chaosEnvironment } from './connection/chaos-environment';
import { ChaosSwitches } from './connection/chaos-switches';
import { CHAOS_SWITCHES } from './connection/chaos-token';
import { POLL_INTERVAL_MS } from './connection/polling-cost';
import { SessionService } from './game/session.service';
import type { PageConfig } from './page-config';

export function appConfig(page: PageConfig): ApplicationConfig {
  const switches = new ChaosSwitches();
  return {
    providers: [
      provideZonelessChangeDetection(),
      provideBrowserGlobalErrorListeners(),
      provideRouter(
        routes,
        withComponentInputBinding(),
        withInMemoryScrolling({ scrollPositionRestoration: 'enabled' }),
      ),
      { provide: CHAOS_SWITCHES, useValue: switches },
      provideRealtime(
        { environment: chaosEnvironment(switches) },
        withAuth((reason) => inject(SessionService).token(reason)),
        withPolling({ intervalMs: POLL_INTERVAL_MS }),
        withWebSocket({ enabled: page.WEBSOCKET_ENABLED }),
      ),
    ],
  };
}
