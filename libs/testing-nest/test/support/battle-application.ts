import { Injectable, type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeModule,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '@statewire/nest';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

import { simulate, type Simulation, type SimulationOptions } from '../../src/index.js';

const battle = stateTopic<{ round: number }>()('battles/:battleId');
export const first = battle.with({ battleId: '1' });
export const purse = stateTopic<number>()('players/:playerId/purse');
export const log = eventTopic<string>()('log');
export const strike = action<{ by: number }, number>('battles/strike');

export class Battles {
  round = 1;
  strikes = 0;
}

@Injectable()
class OwnPurse implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.getArgByIndex<RealtimeRequest>(0);
    return user === params.playerId;
  }
}

@RealtimeHandlers()
export class BattleHandlers {
  constructor(
    private readonly battles: Battles,
    private readonly bus: RealtimeBus,
  ) {}

  @OnTopic(battle)
  battle(): { round: number } {
    return { round: this.battles.round };
  }

  @OnTopic(purse)
  @UseGuards(OwnPurse)
  purse(): number {
    return 10;
  }

  @OnTopic(log)
  log(): void {}

  @OnAction(strike)
  async strike(@ActionData() { by }: { by: number }): Promise<number> {
    this.battles.strikes += 1;
    this.battles.round += by;
    await this.bus.publish(first, { round: this.battles.round });
    await this.bus.publish(log.with(), `round ${this.battles.round}`);
    return this.battles.round;
  }
}

export const HEARTBEAT = { intervalMs: 2_000, timeoutMs: 1_000 };

/** Starts the application in a simulation. */
export function simulateBattles(
  battles: Battles,
  options: RealtimeModuleOptions = {},
  more: SimulationOptions = {},
): Promise<Simulation> {
  return simulate({
    imports: [RealtimeModule.forRoot({ heartbeat: HEARTBEAT, ...options })],
    providers: [{ provide: Battles, useValue: battles }, BattleHandlers, OwnPurse],
    ...more,
  });
}
