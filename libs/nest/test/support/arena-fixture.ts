import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable, UseGuards } from '@nestjs/common';
import { action, eventTopic, presenceTopic, stateTopic } from '@statewire/protocol';

import {
  ActionData,
  Caller,
  OnAction,
  OnPresence,
  OnTopic,
  RealtimeError,
  RealtimeHandlers,
  TopicParams,
  type Identity,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '../../src/index.js';

export const battle = stateTopic<{ hp: number }>()('battles/:battleId');
const spectators = presenceTopic<string>()(battle);
export const notices = eventTopic<{ text: string }>()('notices');
const secrets = stateTopic<string>()('secrets/:owner');
const double = action<{ n: number }, { n: number; by: string | undefined }>('double');
const slow = action<undefined, string>('slow');
const overdue = action<undefined, string>('overdue');
const fail = action<undefined, never>('fail');
import { Gate } from './connection-rig.js';

/** Allows the owner only. */
@Injectable()
export class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.getArgByIndex<RealtimeRequest>(0);
    return request.params.owner === (request.user as string | undefined);
  }
}

/** Rejects banned users. */
@Injectable()
export class BanGuard implements CanActivate {
  static readonly banned = new Set<unknown>();
  /** The admission of each caller. */
  static readonly seen: (readonly [unknown, RealtimeRequest['admission']])[] = [];

  canActivate(context: ExecutionContext): boolean {
    const { user, admission } = context.getArgByIndex<RealtimeRequest>(0);
    BanGuard.seen.push([user, admission]);
    return !BanGuard.banned.has(user);
  }
}

/** The running actions `slow` and `overdue`. */
export class SlowWork {
  readonly running: (() => void)[] = [];
}

@RealtimeHandlers()
class ArenaHandlers {
  constructor(private readonly work: SlowWork) {}

  @OnTopic(battle)
  battle(@TopicParams() { battleId }: { battleId: string }): { hp: number } {
    return { hp: Number(battleId) };
  }

  @OnPresence(spectators)
  spectator(@Caller() user: string | undefined): string | undefined {
    return user;
  }

  @OnTopic(notices)
  notices(): void {}

  @OnTopic(secrets)
  @UseGuards(OwnerGuard)
  secret(@TopicParams() { owner }: { owner: string }): string {
    return `of ${owner}`;
  }

  @OnAction(double)
  double(@ActionData() { n }: { n: number }, @Caller() by: string | undefined): { n: number; by: string | undefined } {
    return { n: 2 * n, by };
  }

  @OnAction(slow, { parallel: true })
  slow(): Promise<string> {
    return new Promise((resolve) => this.work.running.push(() => resolve('done')));
  }

  @OnAction(overdue, { timeoutMs: 10 })
  overdue(): Promise<string> {
    return this.slow();
  }

  @OnAction(fail)
  fail(): never {
    throw new Error('secret of the server');
  }
}

/** A token verification that a test can suspend. */
export class HeldVerification {
  private static current = new HeldVerification();
  readonly arrived = new Gate();
  readonly released = new Gate();

  /** The verification of the next token `held`. */
  static next(): HeldVerification {
    return (HeldVerification.current = new HeldVerification());
  }

  static async meet(): Promise<void> {
    const { arrived, released } = HeldVerification.current;
    arrived.open();
    await released.opened;
  }
}

/** Tokens are `user` or `user:expiresAt`. `nobody` is rejected, `held` waits for the test. */
export const authenticate: NonNullable<RealtimeModuleOptions['authenticate']> = async (_request, token) => {
  const [user = '', detail] = token.split(':');
  if (user === 'nobody') throw new RealtimeError('unauthorized', 'Nobody knows this token.');
  if (user === 'held') await HeldVerification.meet();
  const identity: Identity = { id: user, user };
  return detail !== undefined ? { ...identity, expiresAt: Number(detail) } : identity;
};

export const arenaProviders = [SlowWork, ArenaHandlers];
