import { parseConfigResponse, parsePollResponse, type ConfigResponse, type PollResponse } from '@statewire/protocol';

import type { ClientParts } from './client-parts.js';
import type { Timer } from '../core/environment.js';
import { PollSession } from '../session/poll-session.js';
import { readAnswer } from './read-answer.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { HttpAnswer } from './http-transport.js';
import { Backoff } from './backoff.js';
import { ConnectionFailure } from '../core/connection-failure.js';

/** Beyond the time the server may hold it. */
const DEADLINE = 10_000;
/** A poll that may be held follows the last one at once, but no faster than this. */
const SHORTEST_HELD = 250;

export interface PollerListener {
  config(config: ConfigResponse): void;
  answered(response: PollResponse): void;
  failed(failure: ConnectionFailure): void;
  rest(entry: TopicEntry, retryAfter: number | undefined): void;
}

/** Polls while it runs: one at a time, none sooner than the interval after the last one began. */
export class Poller {
  isRunning = false;
  /** The last poll was answered. */
  isHealthy = false;
  hasFailed = false;
  roundTripTime: number | undefined;
  /** Milliseconds since the Unix epoch. */
  lastAnswerAt: number | undefined;

  private interval: number;
  private readonly backoff: Backoff;
  private timer: Timer | undefined;
  private inFlight: AbortController | undefined;
  private beganAt = -Infinity;
  private askedAgain = false;
  /** Asked for while a poll was in flight. */
  private isWantedSoon = false;

  constructor(
    private readonly parts: ClientParts,
    private readonly listener: PollerListener,
  ) {
    this.interval = parts.options.polling.interval;
    this.backoff = new Backoff(parts.environment, parts.options.backoff);
  }

  start(delay: number): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.isHealthy = false;
    this.hasFailed = false;
    // One that hangs since before must not hold up this one.
    this.abort();
    this.schedule(delay);
    void this.askConfig();
  }

  /** A poll in flight is still answered, and what it brings still counts where no socket was faster. */
  stop(): void {
    this.isRunning = false;
    this.isHealthy = false;
    this.timer?.cancel();
  }

  /** Gives up what is in flight. */
  abort(): void {
    this.inFlight?.abort();
  }

  /** An action took effect. */
  now(): void {
    if (!this.isRunning) return;
    if (this.inFlight) this.isWantedSoon = true;
    else this.schedule(0);
  }

  /** There is a new topic, or the network came back: as soon as the interval allows. */
  soon(): void {
    if (!this.isRunning) return;
    if (!this.inFlight) return this.schedule(this.untilInterval());
    if (this.parts.options.polling.wait > 0) this.inFlight.abort();
  }

  /** The reason of a refused upgrade, which browsers hide, and the switches. */
  async askConfig(): Promise<void> {
    try {
      const answer = await this.parts.http.request({ path: '/config', deadline: DEADLINE });
      if (answer.status !== 200) return this.isRunning ? undefined : this.listener.failed(this.failureOf(answer));
      const config = parseConfigResponse(answer.text);
      this.interval = Math.max(this.parts.options.polling.interval, config.poll.interval);
      this.listener.config(config);
    } catch {
      // It only adds to what polls and sockets find out themselves.
    }
  }

  private schedule(delay: number): void {
    this.timer?.cancel();
    this.timer = this.parts.environment.setTimer(() => void this.poll(), delay);
  }

  private untilInterval(): number {
    return Math.max(0, this.beganAt + this.interval - this.parts.environment.monotonic());
  }

  private async poll(): Promise<void> {
    if (this.inFlight) return;
    const { environment, registry, metrics, clientId, options, http, tokens } = this.parts;
    const { wait } = options.polling;
    const abort = new AbortController();
    this.inFlight = abort;
    this.beganAt = environment.monotonic();
    const session = new PollSession(registry, metrics, environment, (entry, after) => this.listener.rest(entry, after));
    let delay: number;
    try {
      let held: number | undefined;
      const body = () => {
        metrics.add('polls');
        const request = session.request(clientId, wait);
        held = request.wait;
        return JSON.stringify(request);
      };
      const deadline = DEADLINE + wait * 1_000;
      const answer = await http.request({ path: '/poll', body, deadline, signal: abort.signal });
      // What it brings may be for eyes that are not here any more.
      if (abort.signal.aborted) throw new Error('The poll was given up.');
      if (answer.status === 200) tokens.accepted(answer.token);
      delay = answer.status === 200 ? this.succeed(session, answer.text, held) : this.fail(this.failureOf(answer));
    } catch (error) {
      delay = abort.signal.aborted ? this.untilInterval() : this.fail(unreachable(error));
    }
    this.inFlight = undefined;
    if (!this.isRunning) return;
    this.schedule(this.isWantedSoon ? 0 : delay);
    this.isWantedSoon = false;
  }

  private succeed(session: PollSession, text: string, wait: number | undefined): number {
    const response = parsePollResponse(text);
    const { environment } = this.parts;
    const took = environment.monotonic() - this.beganAt;
    if (wait === undefined) this.roundTripTime = took;
    this.backoff.reset();
    this.isHealthy = this.isRunning;
    this.hasFailed = false;
    this.lastAnswerAt = environment.now();
    const again = session.take(response) && !this.askedAgain;
    this.askedAgain = again;
    this.listener.answered(response);
    if (again || (response.more && response.frames.length > 0)) return 0;
    return wait === undefined ? this.untilInterval() : Math.max(0, SHORTEST_HELD - took);
  }

  private fail(failure: ConnectionFailure): number {
    if (!this.isRunning) return 0;
    this.isHealthy = false;
    this.hasFailed = failure.cause !== 'now';
    this.listener.failed(failure);
    if (failure.cause === 'now' || failure.cause === 'stop') return 0;
    return Math.max(this.untilInterval(), this.backoff.next(failure.cause, failure.retryAfter));
  }

  private failureOf({ status, text, token, retryAfter }: HttpAnswer): ConnectionFailure {
    const frame = readAnswer(text);
    const error = frame?.type === 'error' ? frame : undefined;
    const reason = error ?? { code: `http-${status}`, message: `the server answered ${status}` };
    const { code, message } = reason;
    if (status === 401) {
      return new ConnectionFailure({ code, message }, this.parts.tokens.refused(token) ? 'stop' : 'now');
    }
    // A 403 without our error frame is a proxy's and says nothing about the server.
    if (status === 403 && error) return new ConnectionFailure({ code, message }, 'stop');
    const isOverload = status === 429 || status === 503;
    return new ConnectionFailure(
      { code, message },
      isOverload ? 'overload' : 'server',
      isOverload ? 'never' : 'race',
      error?.retryAfter ?? retryAfter,
    );
  }
}

function unreachable(error: unknown): ConnectionFailure {
  return new ConnectionFailure(
    { code: 'network', message: error instanceof Error ? error.message : 'the server cannot be reached' },
    'network',
  );
}
