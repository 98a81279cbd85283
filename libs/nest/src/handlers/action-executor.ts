import { createHash } from 'node:crypto';

import type { AckFrame, ErrorFrame, Json, TopicPosition } from '@statewire/protocol';

import { BrokerError, type Broker, type Claim } from '../core/broker.js';
import { ActionContext } from '../core/action-context.js';
import { withDeadline, type Environment } from '../core/environment.js';
import type { ActionOutcome } from '../core/counters.js';
import { internalError, RealtimeError } from '../core/errors.js';
import type { Invocation } from './dispatcher.js';
import type { CallerContext } from '../core/realtime-request.js';

type Answer = AckFrame | ErrorFrame;

/** `retryAfter` when the broker cannot take an action now. */
const RETRY_AFTER_MS = 5_000;

export interface ActionExecutorOptions {
  readonly broker: Broker;
  readonly environment: Environment;
  /** Milliseconds for which the broker remembers the answer of a handler that started. */
  readonly window: number;
  /** Reports an error of the broker, or a wait for another node that took too long. */
  readonly onBrokerFailure: (error: unknown) => void;
  readonly count: (outcome: ActionOutcome) => void;
  /** Has the end of the application wait for work that goes on after an answer. */
  readonly track: (work: Promise<unknown>) => unknown;
}

/** The handler of one action and its deadline. */
export interface ActionRun {
  /** Guards, pipes, interceptors and the handler; rejects with a RealtimeError. */
  readonly call: () => Promise<Json | undefined>;
  /** Milliseconds; 0: no deadline. */
  readonly timeout: number;
}

/**
 * Runs each action at most once. Claims the key of the action first, so that the same action on another node or
 * transport shares the answer. Gives the claim back when the handler never started.
 *
 * A handler that misses its deadline did start. `timeout` is then the answer of the action, and the broker remembers
 * it. A later result of the handler is dropped.
 */
export class ActionExecutor {
  constructor(private readonly options: ActionExecutorOptions) {}

  async run(invocation: Invocation, caller: CallerContext, action: ActionRun): Promise<Answer> {
    return withReadablePositions(invocation, await this.runOnce(invocation, caller, action));
  }

  /** Forgets the answers that the client says it has. An id that never ran, or still runs, does no harm. */
  forget(answered: readonly string[], caller: CallerContext): void {
    const keys = answered.map((id) => actionKey(caller, id));
    this.options.broker.forget(keys).catch(this.options.onBrokerFailure);
  }

  private async runOnce(invocation: Invocation, caller: CallerContext, action: ActionRun): Promise<Answer> {
    const key = actionKey(caller, invocation.id);
    try {
      const claim = await this.claim(key, invocation, caller, action.timeout);
      switch (claim.outcome) {
        case 'claimed':
          return await this.runClaimed(key, invocation, action);
        case 'settled':
          this.options.count('deduplicated');
          return JSON.parse(claim.answer) as Answer;
        case 'conflict':
          return this.reject(invocation, 'conflict', 'This id was used for an action with another name or other data.');
        case 'lost':
          return this.reject(invocation, 'outcome_unknown', 'The action may or may not have run; it is not run again.');
      }
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'quota_exceeded') {
        return this.reject(invocation, 'too_many_requests', 'Too many of your actions are remembered.', RETRY_AFTER_MS);
      }
      this.options.onBrokerFailure(error);
      return this.reject(invocation, 'unavailable', 'Actions cannot be run right now.', RETRY_AFTER_MS);
    }
  }

  /**
   * Waits while the action runs elsewhere, as long as its handler may take. Claims again when that run gave its claim
   * back.
   */
  private async claim(
    key: string,
    invocation: Invocation,
    caller: CallerContext,
    timeout: number,
  ): Promise<Exclude<Claim, { outcome: 'running' }>> {
    const { broker, environment, window } = this.options;
    const digest = fingerprint(invocation);
    const { again = false, firstSentAt } = invocation;
    const deadline = environment.monotonic() + (timeout || window);
    for (;;) {
      const claim = await broker.claim(key, digest, {
        ...{ caller: quotaKey(caller), client: caller.clientId, again },
        ...(firstSentAt === undefined ? {} : { ageMs: environment.monotonic() - firstSentAt }),
      });
      if (claim.outcome !== 'running') return claim;
      const remaining = Math.max(1, deadline - environment.monotonic());
      try {
        return { outcome: 'settled', answer: await withDeadline(environment, remaining, claim.answer) };
      } catch (error) {
        if (!(error instanceof BrokerError && error.code === 'unclaimed')) throw error;
      }
    }
  }

  private async runClaimed(key: string, invocation: Invocation, action: ActionRun): Promise<Answer> {
    const { broker, onBrokerFailure, track, window } = this.options;
    const context = new ActionContext();
    const answer = await this.answer(invocation, action, context);
    this.options.count(outcomeOf(answer, context.started));
    const stored =
      answer.type === 'error' && !context.started
        ? broker.unclaim(key)
        : broker.settle(key, JSON.stringify(answer), window);
    // Until then the claim keeps the action from a second run, so the caller need not wait for a broker that is away.
    track(stored.catch(onBrokerFailure));
    return answer;
  }

  private reject(
    { id }: Invocation,
    code: 'conflict' | 'outcome_unknown' | 'too_many_requests' | 'unavailable',
    message: string,
    retryAfter?: number,
  ): Answer {
    this.options.count(code);
    return new RealtimeError(code, message, retryAfter === undefined ? {} : { retryAfter }).toFrame({ id });
  }

  private async answer(invocation: Invocation, action: ActionRun, context: ActionContext): Promise<Answer> {
    const { id } = invocation;
    try {
      const work = context.run(action.call);
      const { result, positions } = await withDeadline(this.options.environment, action.timeout, work);
      return acknowledge(id, result, positions);
    } catch (error) {
      const { retryAfter, ...frame } = (error instanceof RealtimeError ? error : internalError(error)).toFrame({ id });
      // A client takes `retryAfter` as "did not start, send it again", and would get this same answer again.
      return context.started || retryAfter === undefined ? frame : { ...frame, retryAfter };
    } finally {
      context.end();
    }
  }
}

function acknowledge(id: string, data: Json | undefined, positions: readonly TopicPosition[]): AckFrame {
  return {
    type: 'ack',
    id,
    ...(data === undefined ? {} : { data }),
    ...(positions.length === 0 ? {} : { positions }),
  };
}

/**
 * Leaves out positions of topics that the caller may not read, because a position reveals that the topic exists and
 * changed. Runs for each delivery of an answer: a repeated action may come over a connection with other subscriptions.
 */
async function withReadablePositions({ follows }: Invocation, answer: Answer): Promise<Answer> {
  if (answer.type !== 'ack' || answer.positions === undefined) return answer;
  const { positions, ...rest } = answer;
  const followed = await Promise.all(positions.map(async ({ topic }) => follows?.(topic) ?? false));
  return acknowledge(
    rest.id,
    rest.data,
    positions.filter((_, index) => followed[index]),
  );
}

function outcomeOf(answer: Answer, started: boolean): ActionOutcome {
  if (answer.type === 'ack') return 'run';
  if (!started) return 'rejected';
  return answer.code === 'timeout' ? 'timeout' : 'failed';
}

/**
 * Key of one action of one caller, equal on every node and transport. Injective; no user id equals the anonymous one.
 */
export function actionKey({ identity, clientId }: CallerContext, id: string): string {
  return JSON.stringify([identity?.id ?? null, clientId, id]);
}

/** The caller whose quota in the broker the action uses: the user, or the address, because client ids are free. */
function quotaKey({ identity, ip }: CallerContext): string {
  return identity ? `user ${identity.id}` : `address ${ip}`;
}

/** Digest of the name and data of an action. Equal for equal JSON in any order of keys. */
export function fingerprint({ name, data }: Pick<Invocation, 'name' | 'data'>): string {
  const text = JSON.stringify(data === undefined ? [name] : [name, data], sortKeys);
  return createHash('sha256').update(text).digest('base64url');
}

function sortKeys(_key: string, value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
