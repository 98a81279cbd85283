import { inject, Injectable, signal } from '@angular/core';
import type { NewSession, Session } from '@statewire/arena';

import { Toasts } from '../shell/toasts';

const KEY = 'arena.session';
const REFRESH_BEFORE_MS = 1_000;
/** Timeout of the request for a new token. All callers wait for one request. */
const REFRESH_TIMEOUT_MS = 5_000;

/** The player of this page. The session is in `sessionStorage`: each tab is a player, who survives a reload. */
@Injectable({ providedIn: 'root' })
export class SessionService {
  private readonly toasts = inject(Toasts);
  private readonly stored = signal<Session | undefined>(restore());
  private refreshing: Promise<string | undefined> | undefined;

  readonly current = this.stored.asReadonly();

  /** @throws Error with the server's message if it rejects the name, and if there is no answer. */
  async start(name: string): Promise<void> {
    const body: NewSession = { name };
    const response = await fetch('/api/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await complaint(response));
    this.keep((await response.json()) as Session);
  }

  /** Returns the token. Exchanges it for a new one first if it has expired or is about to. */
  token(reason: 'connect' | 'expired' | 'poll'): string | undefined | Promise<string | undefined> {
    const session = this.stored();
    if (session === undefined) return undefined;
    const isUsable = reason !== 'expired' && session.expiresAt - Date.now() > REFRESH_BEFORE_MS;
    if (isUsable) return session.token;
    if (this.refreshing === undefined) {
      const refreshing = this.refresh(session).finally(() => {
        if (this.refreshing === refreshing) this.refreshing = undefined;
      });
      this.refreshing = refreshing;
    }
    return this.refreshing;
  }

  keep(session: Session): void {
    sessionStorage.setItem(KEY, JSON.stringify(session));
    this.stored.set(session);
    this.refreshing = undefined;
  }

  leave(): void {
    sessionStorage.removeItem(KEY);
    this.stored.set(undefined);
    this.refreshing = undefined;
  }

  /** Drops a session that the server no longer knows, and tells the player. A server without a secret forgets sessions. */
  lose(): void {
    this.leave();
    this.toasts.show(
      'problem',
      'You were signed out',
      'The server no longer knows this session. Start a run to play on.',
    );
  }

  private async refresh(refreshed: Session): Promise<string | undefined> {
    const response = await fetch('/api/session/refresh', {
      method: 'POST',
      headers: { Authorization: `Bearer ${refreshed.token}` },
      signal: AbortSignal.timeout(REFRESH_TIMEOUT_MS),
    });
    const session = response.ok ? ((await response.json()) as Session) : undefined;
    // A sign-in or sign-out during the request is newer than its answer.
    if (this.stored() !== refreshed) return this.stored()?.token;
    if (session !== undefined) {
      this.keep(session);
      return session.token;
    }
    const isRejected = response.status >= 400 && response.status < 500 && response.status !== 429;
    if (!isRejected) throw new Error(`The session could not be refreshed (${response.status}).`);
    this.lose();
    return undefined;
  }
}

function restore(): Session | undefined {
  try {
    const text = sessionStorage.getItem(KEY);
    return text === null ? undefined : (JSON.parse(text) as Session);
  } catch {
    return undefined;
  }
}

async function complaint(response: Response): Promise<string> {
  const fallback = `The server answered ${response.status}. Try again in a moment.`;
  try {
    const { message } = (await response.json()) as { readonly message?: string | readonly string[] };
    return typeof message === 'string' ? message : (message?.join(' ') ?? fallback);
  } catch {
    return fallback;
  }
}
