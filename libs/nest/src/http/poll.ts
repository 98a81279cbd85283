import { setMaxListeners } from 'node:events';

import type { ErrorFrame, PollRequest, TopicRequest } from '@statewire/protocol';
import { merge } from 'rxjs';

import type { CallerContext } from '../core/realtime-request.js';
import type { Environment } from '../core/environment.js';
import type { DrainState } from '../core/drain-state.js';
import type { RealtimeSwitch } from '../core/realtime-switch.js';
import type { Counters } from '../core/counters.js';
import type { RealtimeLimits } from '../core/options.js';
import type { PresenceTracker } from '../presence/presence-tracker.js';
import type { PresenceHandle } from '../presence/topic-presence.js';
import { RealtimeError } from '../core/errors.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import { PollAnswer } from './poll-answer.js';
import type { Authorize } from './request-authenticator.js';
import { toTopicAnswer, type TopicAnswer } from './topic-answer.js';
import type { AuthenticatedRequest } from './authenticated-request.js';

export interface PollContext {
  readonly authorize: Authorize;
  readonly topics: Pick<TopicRegistry, 'catchUp' | 'waitForNews'>;
  readonly attendance: Pick<PresenceTracker, 'enter'>;
  readonly environment: Environment;
  readonly limits: Pick<RealtimeLimits, 'connections'>;
  readonly websocket: Pick<RealtimeSwitch, 'enabled' | 'changes'>;
  readonly drain: Pick<DrainState, 'draining' | 'began' | 'ended'>;
  readonly counters: Pick<Counters, 'polls' | 'pollsHeld'>;
  /** The frame for something that was thrown; logs what is nobody's business. */
  readonly toErrorFrame: (thrown: unknown, topic: string) => ErrorFrame;
}

/** Who polls. */
export interface PollVisit {
  readonly visitor: AuthenticatedRequest;
  /** Verifies the credentials and runs the connection guards once more. */
  readmit(): Promise<AuthenticatedRequest>;
  /** Counts what it asks for. @throws RealtimeError `too_many_requests` */
  ask(topics: readonly TopicRequest[]): void;
  /** @returns what gives the place of a held poll back, or undefined where all are taken. */
  hold(): (() => void) | undefined;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/** Topics that are brought up to date side by side; what they come to is in memory until the answer is written. */
const AT_ONCE = 8;

/** Brings a polling client up to date, or waits with it until there is something to tell. */
export class Poll {
  constructor(private readonly context: PollContext) {}

  /** @returns the body of the answer, or undefined where the client is gone. */
  async answer(request: PollRequest, visit: PollVisit): Promise<string | undefined> {
    const stays: PresenceHandle[] = [];
    try {
      return await this.answerWhile(stays, request, visit);
    } finally {
      for (const stay of stays) stay.leave();
    }
  }

  private async answerWhile(
    stays: PresenceHandle[],
    { topics, wait = 0 }: PollRequest,
    visit: PollVisit,
  ): Promise<string | undefined> {
    const { subscriptions } = this.context.limits.connections;
    if (subscriptions > 0 && topics.length > subscriptions) {
      throw new RealtimeError('too_many_subscriptions', `A client may follow ${subscriptions} topics.`);
    }
    visit.ask(topics);
    this.context.counters.polls += 1;
    const arrived = await this.read(topics, visit.visitor, stays);
    const mayWait = wait > 0 && !arrived.hasNews && !this.context.drain.draining;
    const release = mayWait ? visit.hold() : undefined;
    if (!release) return this.write(arrived);
    this.context.counters.pollsHeld += 1;
    try {
      await this.hold(arrived, wait * 1_000, visit);
    } finally {
      release();
    }
    if (visit.gone.aborted) return undefined;
    return this.write(await this.read(topics, await visit.readmit(), stays));
  }

  private async read(
    requests: readonly TopicRequest[],
    visitor: AuthenticatedRequest,
    stays: PresenceHandle[],
  ): Promise<PollAnswer> {
    const answer = new PollAnswer();
    for (let next = 0; next < requests.length && !answer.isFull; next += AT_ONCE) {
      const some = requests.slice(next, next + AT_ONCE);
      const read = await Promise.all(some.map((request) => this.readTopic(request, visitor.caller, stays)));
      for (const topic of read) answer.add(topic);
      if (next + AT_ONCE < requests.length && answer.isFull) answer.leaveOut();
    }
    visitor.check();
    return answer;
  }

  private async readTopic(request: TopicRequest, caller: CallerContext, stays: PresenceHandle[]): Promise<TopicAnswer> {
    const { attendance, authorize, topics } = this.context;
    try {
      const topic = await authorize(request.topic, caller);
      const answer = toTopicAnswer(topic, request, await topics.catchUp(topic, request.since));
      const stay = attendance.enter(topic, caller);
      if (stay !== undefined) stays.push(stay);
      return answer;
    } catch (error) {
      return { type: 'error', frame: this.context.toErrorFrame(error, request.topic) };
    }
  }

  /**
   * Resolves when anything happened that the client should know, or when it has waited long enough.
   *
   * @throws RealtimeError `unauthorized` as soon as the caller's permission is taken back.
   */
  private async hold(arrived: PollAnswer, wait: number, { visitor, gone }: PollVisit): Promise<void> {
    const { environment, topics, websocket, drain } = this.context;
    const { expiresAt = Infinity } = visitor.caller.identity ?? {};
    const stop = new AbortController();
    // One for each topic: Node would warn of a leak, for as many as any client likes to ask for.
    setMaxListeners(0, stop.signal);
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => resolve();
      const timer = environment.setTimer(wake, Math.min(wait, Math.max(expiresAt - environment.now(), 0)));
      const happenings = merge(drain.began, websocket.changes).subscribe(wake);
      happenings.add(visitor.permitted.subscribe({ error: reject }));
      gone.addEventListener('abort', wake);
      stop.signal.addEventListener('abort', () => {
        timer.cancel();
        happenings.unsubscribe();
        gone.removeEventListener('abort', wake);
      });
      if (gone.aborted) wake();
      for (const { topic, position } of arrived.positions) {
        topics.waitForNews(topic, position, stop.signal).then(wake, wake);
      }
    }).finally(() => stop.abort());
  }

  private write(answer: PollAnswer): string {
    const { environment, websocket, drain } = this.context;
    return answer.toJson({
      websocket: websocket.enabled && !drain.draining,
      serverTime: environment.now(),
    });
  }
}
