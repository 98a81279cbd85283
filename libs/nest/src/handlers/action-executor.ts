import { hash } from 'node:crypto';

import type { AckFrame, ErrorFrame, Json, TopicPosition } from '@statewire/protocol';

import { BrokerError, type Broker, type Claim } from '../core/broker.js';
import { ActionContext, type ActionResult } from '../core/action-context.js';
import { isPromise, type MaybePromise } from '../core/maybe-promise.js';
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
  /** Guards, pipes, interceptors and the handler; rejects with a RealtimeError, and never throws. */
  readonly call: () => MaybePromise<Json | undefined>;
  /** Milliseconds; 0: no deadline. */
  readonly timeout: number;
}

/** One delivery of an action. */
interface Attempt {
  readonly invocation: Invocation;
  readonly caller: CallerContext;
  readonly action: ActionRun;
  readonly key: string;
  readonly digest: string;
}

/**
 * Runs each action at most once. Claims the key of the action first, so that the same action on another node or
 * transport shares the answer. Gives the claim back when the handler never started.
 *
 * A handler that misses its deadline did start. `timeout` is then the answer of the action, and the broker remembers
 * it. A later result of the handler is dropped.
 *
 * Each step goes on at once if the one before it returned no promise. An action whose broker and handler return at once
 * is answered before its frame has been left.
 */
export class ActionExecutor {
  constructor(private readonly options: ActionExecutorOptions) {}

  run(invocation: Invocation, caller: CallerContext, action: ActionRun): MaybePromise<Answer> {
    const answer = this.runOnce(invocation, caller, action);
    return isPromise(answer)
      ? answer.then((given) => withReadablePositions(invocation, given))
      : withReadablePositions(invocation, answer);
  }

  /** Forgets the answers that the client says it has. An id that never ran, or still runs, does no harm. */
  forget(answered: readonly string[], caller: CallerContext): void {
    const keys = answered.map((id) => actionKey(caller, id));
    this.options.broker.forget(keys)?.catch(this.options.onBrokerFailure);
  }

  private runOnce(invocation: Invocation, caller: CallerContext, action: ActionRun): MaybePromise<Answer> {
    try {
      const [key, digest] = [actionKey(caller, invocation.id), fingerprint(invocation)];
      const attempt: Attempt = { invocation, caller, action, key, digest };
      const claim = this.claim(attempt);
      if (isPromise(claim) || claim.outcome !== 'claimed') return this.runWhenClaimed(attempt, claim);
      return this.runClaimed(attempt);
    } catch (error) {
      return this.rejectUnclaimed(invocation, error);
    }
  }

  private async runWhenClaimed(attempt: Attempt, first: MaybePromise<Claim>): Promise<Answer> {
    const { invocation } = attempt;
    try {
      const claim = await this.decide(attempt, first);
      switch (claim.outcome) {
        case 'claimed':
          return await this.runClaimed(attempt);
        case 'settled':
          this.options.count('deduplicated');
          return JSON.parse(claim.answer) as Answer;
        case 'conflict':
          return this.reject(invocation, 'conflict', 'This id was used for an action with another name or other data.');
        case 'lost':
          return this.reject(invocation, 'outcome_unknown', 'The action may or may not have run; it is not run again.');
      }
    } catch (error) {
      return this.rejectUnclaimed(invocation, error);
    }
  }

  private rejectUnclaimed(invocation: Invocation, error: unknown): Answer {
    if (error instanceof BrokerError && error.code === 'quota_exceeded') {
      return this.reject(invocation, 'too_many_requests', 'Too many of your actions are remembered.', RETRY_AFTER_MS);
    }
    this.options.onBrokerFailure(error);
    return this.reject(invocation, 'unavailable', 'Actions cannot be run right now.', RETRY_AFTER_MS);
  }

  private claim({ key, digest, invocation, caller }: Attempt): MaybePromise<Claim> {
    const { broker, environment } = this.options;
    const { again = false, firstSentAt } = invocation;
    const options = { caller: quotaKey(caller), client: caller.clientId, again };
    if (firstSentAt === undefined) return broker.claim(key, digest, options);
    return broker.claim(key, digest, { ...options, ageMs: environment.monotonic() - firstSentAt });
  }

  /**
   * Waits while the action runs elsewhere, as long as its handler may take. Claims again when that run gave its claim
   * back.
   */
  private async decide(attempt: Attempt, first: MaybePromise<Claim>): Promise<Exclude<Claim, { outcome: 'running' }>> {
    const { environment, window } = this.options;
    const deadline = environment.monotonic() + (attempt.action.timeout || window);
    for (let next = first; ; next = this.claim(attempt)) {
      const claim = await next;
      if (claim.outcome !== 'running') return claim;
      const remaining = Math.max(1, deadline - environment.monotonic());
      try {
        return { outcome: 'settled', answer: await withDeadline(environment, remaining, claim.answer) };
      } catch (error) {
        if (!(error instanceof BrokerError && error.code === 'unclaimed')) throw error;
      }
    }
  }

  private runClaimed(attempt: Attempt): MaybePromise<Answer> {
    const context = new ActionContext();
    const answer = this.answer(attempt, context);
    return isPromise(answer)
      ? answer.then((given) => this.store(attempt, given, context.started))
      : this.store(attempt, answer, context.started);
  }

  private store({ key }: Attempt, answer: Answer, started: boolean): Answer {
    const { broker, count, onBrokerFailure, track, window } = this.options;
    count(outcomeOf(answer, started));
    const storing =
      answer.type === 'error' && !started ? broker.unclaim(key) : broker.settle(key, JSON.stringify(answer), window);
    // Until then the claim keeps the action from a second run, so the caller need not wait for a broker that is away.
    if (storing !== undefined) track(storing.catch(onBrokerFailure));
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

  private answer({ action, invocation }: Attempt, context: ActionContext): MaybePromise<Answer> {
    const work = context.run(action.call);
    if (isPromise(work)) return this.answerInTime(invocation.id, action.timeout, context, work);
    context.end();
    return acknowledge(invocation.id, work.result, work.positions);
  }

  private async answerInTime(
    id: string,
    timeout: number,
    context: ActionContext,
    work: Promise<ActionResult<Json | undefined>>,
  ): Promise<Answer> {
    const { environment, track } = this.options;
    try {
      const { result, positions } = await withDeadline(environment, timeout, work);
      return acknowledge(id, result, positions);
    } catch (error) {
      // The handler goes on after its answer `timeout`. The transport counts the action only until the answer.
      track(work.catch(() => undefined));
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
function withReadablePositions(invocation: Invocation, answer: Answer): MaybePromise<Answer> {
  if (answer.type !== 'ack' || answer.positions === undefined) return answer;
  return withoutUnreadable(invocation, answer, answer.positions);
}

async function withoutUnreadable(
  { follows }: Invocation,
  { id, data }: AckFrame,
  positions: readonly TopicPosition[],
): Promise<Answer> {
  const followed = await Promise.all(positions.map(async ({ topic }) => follows?.(topic) ?? false));
  return acknowledge(
    id,
    data,
    positions.filter((_, index) => followed[index]),
  );
}

function outcomeOf(answer: Answer, started: boolean): ActionOutcome {
  if (answer.type === 'ack') return 'run';
  if (!started) return 'rejected';
  return answer.code === 'timeout' ? 'timeout' : 'failed';
}

/** A caller keeps the object of its context for the life of a connection. */
const keyPrefixes = new WeakMap<CallerContext, string>();

/**
 * Key of one action of one caller, equal on every node and transport. Injective, because no text of a JSON array is the
 * beginning of another one; no user id equals the anonymous one.
 */
export function actionKey(caller: CallerContext, id: string): string {
  let prefix = keyPrefixes.get(caller);
  if (prefix === undefined) {
    prefix = JSON.stringify([caller.identity?.id ?? null, caller.clientId]);
    keyPrefixes.set(caller, prefix);
  }
  return prefix + id;
}

/** The caller whose quota in the broker the action uses: the user, or the address, because client ids are free. */
function quotaKey({ identity, ip }: CallerContext): string {
  return identity ? `user ${identity.id}` : `address ${ip}`;
}

/** Characters up to which a text is its own fingerprint. A digest has 43. */
const MAX_PLAIN_FINGERPRINT = 128;

/** Stands for the name and data of an action. Equal for equal JSON in any order of keys. Differs for all other data. */
export function fingerprint({ name, data }: Pick<Invocation, 'name' | 'data'>): string {
  const text = data === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} ${canonicalText(data)}`;
  return text.length <= MAX_PLAIN_FINGERPRINT ? text : hash('sha256', text, 'base64url');
}

/** The JSON text of a value with the keys of each object in order. */
function canonicalText(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  const object = value as Readonly<Record<string, Json>>;
  let fields = '';
  for (const key of Object.keys(object).sort()) fields += `${JSON.stringify(key)}:${canonicalText(object[key]!)},`;
  return `{${fields}}`;
}
