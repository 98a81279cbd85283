import { Inject, Injectable } from '@nestjs/common';
import type { BattleSpeed, RunPlayer } from '@statewire/arena';
import { BrokerError, RealtimeError, RealtimeLeases } from '@statewire/nest';
import type { Json } from '@statewire/protocol';

import { ENVIRONMENT, type Environment } from '../environment.js';
import { RuleError } from '../run/rule-error.js';
import { gameIndex } from './game-topics.js';

/** A question or command for the node that runs the game. */
export type GameRequest =
  | { readonly type: 'ping' }
  | { readonly type: 'load-lobby' }
  | { readonly type: 'load-run'; readonly runId: string }
  | { readonly type: 'load-battle'; readonly battleId: string }
  | { readonly type: 'load-notifications'; readonly playerId: string }
  | { readonly type: 'owners'; readonly runId: string | null; readonly battleId: string | null }
  | { readonly type: 'start-run'; readonly player: RunPlayer }
  | { readonly type: 'choose-room'; readonly runId: string; readonly roomId: string }
  | { readonly type: 'pick-reward'; readonly runId: string; readonly offerId: string | null }
  | { readonly type: 'pause' | 'resume'; readonly battleId: string }
  | { readonly type: 'set-speed'; readonly battleId: string; readonly speed: BattleSpeed }
  | { readonly type: 'dismiss'; readonly playerId: string; readonly notificationId: string };

/** The answer of the node that runs the game. `broken`: the request breaks this rule of the game. */
export type GameAnswer = { readonly result: unknown } | { readonly broken: string };

/** Milliseconds for which a question waits while no node runs the game. Below the time in which a topic must load. */
const PATIENCE = 1_500;

/** Milliseconds between two attempts to ask. */
const RETRY_PERIOD = 150;

/** Milliseconds after which a client may send an action again that did not start. */
const RETRY_AFTER = 1_000;

/** Asks the node that runs the game, which may be this one. */
@Injectable()
export class GameRequests {
  constructor(
    private readonly leases: RealtimeLeases,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  /** The same for a question, which may be asked again: waits a little while no node runs the game. */
  async load<Result>(request: GameRequest): Promise<Result> {
    const deadline = this.environment.monotonic() + PATIENCE;
    for (;;) {
      try {
        return await this.ask(request);
      } catch (error) {
        const mayComeBack = error instanceof RealtimeError && ['unavailable', 'outcome_unknown'].includes(error.code);
        if (!mayComeBack || this.environment.monotonic() >= deadline) throw error;
      }
      await new Promise<void>((resolve) => this.environment.setTimer(resolve, RETRY_PERIOD));
    }
  }

  /**
   * Resolves with the result of the request.
   *
   * @throws (rejects) RuleError; RealtimeError `unavailable` if no node runs the game now, `outcome_unknown` if its node
   * does not answer.
   */
  async ask<Result>(request: GameRequest): Promise<Result> {
    const answer = (await this.#send(request)) as unknown as GameAnswer | undefined;
    if (answer === undefined) {
      const message = 'The game moves to another server. Try again in a few seconds.';
      throw new RealtimeError('unavailable', message, { retryAfter: RETRY_AFTER });
    }
    if ('broken' in answer) throw new RuleError(answer.broken);
    return answer.result as Result;
  }

  async #send(request: GameRequest): Promise<Json | undefined> {
    try {
      return await this.leases.request(gameIndex.with(), request as unknown as Json);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      if (error.code !== 'no_answer') return undefined;
      throw new RealtimeError('outcome_unknown', 'The server that runs the game does not answer.');
    }
  }
}
