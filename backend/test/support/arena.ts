import type { AddressInfo } from 'node:net';

import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ArenaState, Session } from '@statewire/arena';
import { createRealtimeClient, type RealtimeClient, type RealtimeClientOptions } from '@statewire/client';
import type { ActionRequest } from '@statewire/protocol';
import { WebSocket } from 'ws';

import { readConfig } from '../../src/config/arena-config.js';
import { createArena } from '../../src/create-arena.js';
import type { GameOptions } from '../../src/game/game-options.js';
import { Ticker } from '../../src/game/ticker.js';

export type Transport = 'websocket' | 'polling';

export interface ArenaTestOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly game?: Partial<GameOptions>;
  /** Default: none. */
  readonly logger?: LoggerService;
}

/** The whole server on a free port of the loopback interface, and clients for it. */
export class Arena {
  readonly #clients: RealtimeClient[] = [];
  readonly #sockets = new Set<WebSocket>();

  private constructor(
    readonly app: NestExpressApplication,
    readonly origin: string,
  ) {}

  static async start({ env, game, logger }: ArenaTestOptions = {}): Promise<Arena> {
    const config = readConfig({
      ARENA_DRAIN_SECONDS: '0',
      ARENA_POLL_MILLISECONDS: '100',
      ARENA_CLIENT_DIR: '/nowhere',
      // A battle lasts its maximum of 3,000 turns, so that a slow machine finishes a test before the battle ends.
      ARENA_HEALTH_FACTOR: '1000',
      ...env,
    });
    const app = await createArena(config, { logger: logger ?? false, ...(game ? { game } : {}) });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new Arena(app, `http://127.0.0.1:${port}`);
  }

  /** Ends the turns of the game, so that nothing moves but by actions. */
  rest(): void {
    this.app.get(Ticker).stop();
  }

  async session(name = 'Ann'): Promise<Session> {
    return (await this.post('/api/session', { name })).json() as Promise<Session>;
  }

  client(
    session?: Session,
    transport: Transport = 'websocket',
    options: Partial<RealtimeClientOptions> = {},
  ): RealtimeClient {
    const client = createRealtimeClient({
      origin: this.origin,
      token: () => session?.token,
      webSocket: { enabled: transport === 'websocket' },
      polling: { enabled: true, intervalMs: 100 },
      ...options,
      environment: { openWebSocket: (url, protocol) => this.#open(url, protocol) },
    });
    this.#clients.push(client);
    return client;
  }

  /** Ends every WebSocket of the clients without a close frame, as a failing network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.origin + path, { headers });
  }

  post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.origin + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async state(session?: Session): Promise<ArenaState> {
    const response = await this.get('/api/state', session ? authorization(session) : {});
    return response.json() as Promise<ArenaState>;
  }

  /** One action over HTTP, with an id of the test's choice. */
  async act(session: Session, request: ActionRequest): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await this.post('/realtime/actions', request, authorization(session));
    return { status: response.status, body: await response.json() };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.app.close();
  }

  #open(url: string, protocol: string): WebSocket {
    const socket = new WebSocket(url, protocol);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

export function authorization({ token }: Pick<Session, 'token'>): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}
