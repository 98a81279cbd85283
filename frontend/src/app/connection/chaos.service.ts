import { computed, inject, Injectable, signal } from '@angular/core';
import { RealtimeService } from '@statewire/angular';
import type { ChaosState, ChaosWebSocket, Session } from '@statewire/arena';

import { SessionService } from '../game/session.service';
import { Toasts } from '../shell/toasts';
import { CHAOS_SWITCHES } from './chaos-token';

export const SLOW_DELAY_MS = 800;

/** The switches of the panel. Some break this browser only. The others need a server that runs with `ARENA_CHAOS=true`. */
@Injectable({ providedIn: 'root' })
export class Chaos {
  private readonly switches = inject(CHAOS_SWITCHES);
  private readonly realtime = inject(RealtimeService);
  private readonly session = inject(SessionService);
  private readonly toasts = inject(Toasts);
  private readonly server = signal<ChaosState | undefined>(undefined);

  readonly severed = signal(false);
  readonly blackHole = signal(false);
  readonly refused = signal(false);
  readonly slow = signal(false);
  /** Whether the server runs with `ARENA_CHAOS=true`. */
  readonly hasServer = computed(() => this.server() !== undefined);
  readonly forbidden = computed(() => this.server()?.websocket === false);
  readonly isCalm = computed(
    () => !this.severed() && !this.blackHole() && !this.refused() && !this.slow() && !this.forbidden(),
  );

  async ask(): Promise<void> {
    const response = await fetch('/api/chaos').catch(() => undefined);
    // Without an answer the state of the switches is unknown, so it stays.
    if (response === undefined) return;
    this.server.set(response.ok ? ((await response.json()) as ChaosState) : undefined);
  }

  /** Cuts the socket, and keeps new ones from opening until it is called with `false`. */
  setSevered(on: boolean): void {
    this.severed.set(on);
    this.switches.severed = on;
    if (on) this.drop();
    else this.retryNow();
  }

  /** Closes the socket once. The client opens a new one. */
  drop(): void {
    this.switches.cutAll();
  }

  setBlackHole(on: boolean): void {
    this.blackHole.set(on);
    this.switches.setBlackHole(on);
  }

  setRefused(on: boolean): void {
    this.refused.set(on);
    this.switches.refuse = on;
    if (on) this.switches.cutAll();
  }

  setSlow(on: boolean): void {
    this.slow.set(on);
    this.switches.delay = on ? SLOW_DELAY_MS : 0;
  }

  async setForbidden(on: boolean): Promise<void> {
    const body: ChaosWebSocket = { enabled: !on };
    const answer = await this.answered<ChaosState>(this.post('websocket', body));
    if (answer !== undefined) this.server.set(answer);
  }

  /** Replaces the token by one that expires after a few seconds, so that a person can watch the renewal. */
  async expireToken(): Promise<void> {
    const short = await this.answered<Session>(this.post('token', {}));
    if (short === undefined) return;
    this.session.keep(short);
    this.realtime.reauthenticate();
  }

  async calm(): Promise<void> {
    if (this.severed()) this.setSevered(false);
    this.setRefused(false);
    this.setSlow(false);
    this.setBlackHole(false);
    if (this.forbidden()) await this.setForbidden(false);
    this.retryNow();
  }

  /** Dispatches `online` as a browser does when the network is back, so that the client connects now. */
  private retryNow(): void {
    dispatchEvent(new Event('online'));
  }

  private post(path: string, body: object): Promise<Response> {
    const token = this.session.current()?.token;
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    return fetch(`/api/chaos/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
  }

  private async answered<T>(asked: Promise<Response>): Promise<T | undefined> {
    try {
      const response = await asked;
      if (response.ok) return (await response.json()) as T;
      this.toasts.show('problem', 'The server did not do it', `It answered ${response.status}.`);
    } catch {
      this.toasts.show('problem', 'The server did not do it', 'It could not be reached.');
    }
    return undefined;
  }
}
