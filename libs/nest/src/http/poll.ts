import { setMaxListeners } from 'node:events';

import type { DeltaCapability, ErrorFrame, PollRequest, TopicRequest, PollResponse } from '@statewire/protocol';
import { merge } from 'rxjs';

import type { CallerContext } from '../core/realtime-request.js';
import type { Environment } from '../core/environment.js';
import type { DrainState } from '../core/drain-state.js';
import type { WebSocketSwitch } from '../core/websocket-switch.js';
import type { Counters } from '../core/counters.js';
import type { RealtimeLimits } from '../core/options.js';
import type { PresenceTracker } from '../presence/presence-tracker.js';
import type { PresenceHandle } from '../presence/topic-presence.js';
import { RealtimeError } from '../core/errors.js';
import type { TopicRegistry, CatchUpAnswer } from '../topics/topic-registry.js';
import type { Authorize, AuthenticatedRequest } from './request-authenticator.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';

export interface PollContext {
  readonly authorize: Authorize;
  readonly topics: Pick<TopicRegistry, 'catchUp' | 'waitForNews'>;
  readonly presence: Pick<PresenceTracker, 'enter'>;
  readonly environment: Environment;
  readonly limits: Pick<RealtimeLimits, 'connections'>;
  /** 0: none. */
  readonly minContract: number;
  readonly websocket: WebSocketSwitch;
  readonly drain: Pick<DrainState, 'draining' | 'began' | 'ended'>;
  readonly counters: Pick<Counters, 'polls' | 'pollsHeld'>;
  /** Makes the frame for an error of a topic. Logs internal errors. */
  readonly toErrorFrame: (error: unknown, topic: string) => ErrorFrame;
}

/** One poll request and its limits. */
export interface PollCall {
  readonly request: AuthenticatedRequest;
  /** Verifies the credentials and runs the connection guards once more. */
  readmit(): Promise<AuthenticatedRequest>;
  /** Counts the topics that the poll asks for. @throws RealtimeError `too_many_requests` */
  countTopics(topics: readonly TopicRequest[]): void;
  /** Takes a slot for a held poll. @returns the function that frees it; undefined if all slots are taken. */
  takeSlot(): (() => void) | undefined;
  /** Aborted when the client disconnects. */
  readonly gone: AbortSignal;
}

/**
 * Longest time for which a poll of a stale topic is held, in milliseconds. The server does not know whether the client
 * has learned it from an earlier answer.
 */
const MAX_STALE_HOLD_MS = 1_000;

/** Number of topics that are read side by side. Their frames are in memory until the answer is written. */
const TOPICS_AT_ONCE = 8;

/** Most topics beyond the limit that get an error each. A poll with more of them gets one error for all its topics. */
const MAX_REJECTED_TOPICS = 1_024;

/** Answers polls: with the news of the topics, at once or as soon as there are any. */
export class Poll {
  constructor(private readonly context: PollContext) {}

  /** @returns the body of the answer; undefined if the client has disconnected. */
  async answer(request: PollRequest, call: PollCall): Promise<string | undefined> {
    const handles: PresenceHandle[] = [];
    try {
      return await this.answerWhile(handles, request, call);
    } finally {
      for (const handle of handles) handle.leave();
    }
  }

  private async answerWhile(
    handles: PresenceHandle[],
    { topics, wait = 0, deltas = [] }: PollRequest,
    call: PollCall,
  ): Promise<string | undefined> {
    const { subscriptions } = this.context.limits.connections;
    const served = subscriptions > 0 ? topics.slice(0, subscriptions) : topics;
    const excess = topics.slice(served.length);
    if (excess.length > MAX_REJECTED_TOPICS) throw tooManyTopics(subscriptions);
    call.countTopics(served);
    this.context.counters.polls += 1;
    const read = (by: AuthenticatedRequest) => this.read(served, deltas, by, handles);
    const arrived = await read(call.request);
    for (const { topic } of excess) {
      arrived.add({ type: 'error', frame: this.context.toErrorFrame(tooManyTopics(subscriptions), topic) });
    }
    const mayWait = wait > 0 && !arrived.hasNews && !this.context.drain.draining;
    const release = mayWait ? call.takeSlot() : undefined;
    if (!release) return this.write(arrived);
    this.context.counters.pollsHeld += 1;
    try {
      await this.hold(arrived, Math.min(wait * 1_000, arrived.isStale ? MAX_STALE_HOLD_MS : Infinity), call);
    } finally {
      release();
    }
    if (call.gone.aborted) return undefined;
    return this.write(await read(await call.readmit()));
  }

  private async read(
    requests: readonly TopicRequest[],
    deltas: readonly DeltaCapability[],
    request: AuthenticatedRequest,
    handles: PresenceHandle[],
  ): Promise<PollAnswer> {
    const answer = new PollAnswer();
    for (let next = 0; next < requests.length && !answer.isFull; next += TOPICS_AT_ONCE) {
      const some = requests.slice(next, next + TOPICS_AT_ONCE);
      const read = await Promise.all(some.map((topic) => this.readTopic(topic, deltas, request.caller, handles)));
      for (const topic of read) answer.add(topic);
      if (next + TOPICS_AT_ONCE < requests.length && answer.isFull) answer.leaveOut();
    }
    request.check();
    return answer;
  }

  private async readTopic(
    request: TopicRequest,
    deltas: readonly DeltaCapability[],
    caller: CallerContext,
    handles: PresenceHandle[],
  ): Promise<TopicAnswer> {
    const { presence, authorize, topics } = this.context;
    try {
      const topic = await authorize(request.topic, caller);
      const answer = toTopicAnswer(topic, request, await topics.catchUp(topic, request.since, deltas));
      const handle = presence.enter(topic, caller);
      if (handle !== undefined) handles.push(handle);
      return answer;
    } catch (error) {
      return { type: 'error', frame: this.context.toErrorFrame(error, request.topic) };
    }
  }

  /**
   * Resolves when there is news for the client, or after `wait` milliseconds.
   *
   * @throws (rejects) RealtimeError `unauthorized` as soon as the credentials are revoked.
   */
  private async hold(arrived: PollAnswer, wait: number, { request, gone }: PollCall): Promise<void> {
    const { environment, topics, websocket, drain } = this.context;
    const { expiresAt = Infinity } = request.caller.identity ?? {};
    const stop = new AbortController();
    // Each topic adds a listener, and Node warns of a leak above ten.
    setMaxListeners(0, stop.signal);
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => resolve();
      const timer = environment.setTimer(wake, Math.min(wait, Math.max(expiresAt - environment.now(), 0)));
      const events = merge(drain.began, websocket.changes).subscribe(wake);
      events.add(request.permitted.subscribe({ error: reject }));
      gone.addEventListener('abort', wake);
      stop.signal.addEventListener('abort', () => {
        timer.cancel();
        events.unsubscribe();
        gone.removeEventListener('abort', wake);
      });
      if (gone.aborted) wake();
      for (const { topic, position, staleSince } of arrived.positions) {
        topics.waitForNews(topic, position, stop.signal, staleSince).then(wake, wake);
      }
    }).finally(() => stop.abort());
  }

  private write(answer: PollAnswer): string {
    const { environment, minContract, websocket, drain } = this.context;
    return answer.toJson({
      websocket: websocket.enabled && !drain.draining,
      serverTime: environment.now(),
      ...(minContract === 0 ? {} : { minContract }),
    });
  }
}

/** Most bytes of frames in one answer. The rest follows with the next poll. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A topic of a poll, and what its client knows of it after the answer. */
type ReachedTopic = Omit<CatchUpAnswer, 'frames'> & { readonly topic: ResolvedTopic };

/** Collects the frames of the answer to a poll, up to a size. */
export class PollAnswer {
  private readonly texts: string[] = [];
  private readonly reached: ReachedTopic[] = [];
  private size = 0;
  private news = false;
  private more = false;

  /** Whether a frame is new to the client. */
  get hasNews(): boolean {
    return this.news;
  }

  get isFull(): boolean {
    return this.more || this.size >= MAX_ANSWER_BYTES;
  }

  /** The positions of the topics that could be read. */
  get positions(): readonly ReachedTopic[] {
    return this.reached;
  }

  /** Whether one of the topics is stale. */
  get isStale(): boolean {
    return this.reached.some(({ staleSince }) => staleSince !== undefined);
  }

  /**
   * Adds all frames of a topic, or none if they do not fit. The first topic is cut instead: its first frames lead to an
   * earlier position, from which the client continues.
   */
  add(answer: TopicAnswer): void {
    if (answer.type === 'error') {
      this.news = true;
      this.push(JSON.stringify(answer.frame));
      return;
    }
    this.news ||= answer.isNews;
    this.reached.push(answer);
    const size = answer.frames.reduce((sum, frame) => sum + frame.size, 0);
    if (this.size > 0 && this.size + size > MAX_ANSWER_BYTES) {
      this.more = true;
      return;
    }
    for (const [index, frame] of answer.frames.entries()) {
      // `subscribed` and at least one more frame, so that the client makes progress.
      if (index > 1 && this.size + frame.size > MAX_ANSWER_BYTES) {
        this.more = true;
        return;
      }
      this.push(frame.text, frame.size);
    }
  }

  /** Notes that the answer leaves topics out. */
  leaveOut(): void {
    this.more = true;
  }

  toJson(rest: Omit<PollResponse, 'frames' | 'more'>): string {
    const after = JSON.stringify(this.more ? { ...rest, more: true } : rest);
    return `{"frames":[${this.texts.join(',')}],${after.slice(1)}`;
  }

  private push(text: string, size = Buffer.byteLength(text)): void {
    this.texts.push(text);
    this.size += size;
  }
}

/** The result of one topic of a poll. */
export type TopicAnswer =
  | { readonly type: 'error'; readonly frame: ErrorFrame }
  | (CatchUpAnswer & {
      readonly type: 'frames';
      readonly topic: ResolvedTopic;
      /** Whether a frame is new to the client. */
      readonly isNews: boolean;
    });

function tooManyTopics(limit: number): RealtimeError {
  return new RealtimeError(
    'too_many_subscriptions',
    `A poll may name at most ${limit} topics. Unsubscribe from one first.`,
  );
}

function toTopicAnswer(topic: ResolvedTopic, { since }: TopicRequest, caughtUp: CatchUpAnswer): TopicAnswer {
  const { frames, position } = caughtUp;
  const isKnown =
    since !== undefined && since !== 'oldest' && since.epoch === position.epoch && since.offset === position.offset;
  return { type: 'frames', topic, ...caughtUp, isNews: !isKnown || frames.length > 1 };
}
