import {
  CLIENT_FRAME_LIMITS,
  ERROR_CODES,
  parseActionRequest,
  parsePollRequest,
  type AckFrame,
  type ErrorFrame,
  type PollResponse,
  type ServerFrame,
  utf8Length,
} from '@statewire/protocol';

import type { FakeServer } from './fake-server.js';

interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Longest time for which the server holds a poll of a stale topic, in milliseconds. */
const MAX_STALE_HOLD_MS = 1_000;

/** The answer of a proxy that gets none from the server. */
const BAD_GATEWAY: HttpAnswer = { status: 502, body: '' };

const TOO_LARGE: ErrorFrame = { type: 'error', code: 'too_large', message: 'It is too large.', temporary: false };

/** The HTTP binding of the fake server: a `fetch`. */
export class FakeHttp {
  private readonly held = new Set<() => void>();

  /** Bodies of the polls that arrived, in order. */
  readonly polls: ReturnType<typeof parsePollRequest>[] = [];

  constructor(private readonly server: FakeServer) {}

  readonly fetch: typeof globalThis.fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const { environment, latency } = this.server;
      const mode = this.server.httpMode;
      const abort = () => reject(new Error('aborted'));
      init?.signal?.addEventListener('abort', abort);
      if (mode === 'hang') return;
      if (mode === 'unreachable') return reject(new TypeError('fetch failed'));
      const trip = (then: () => void) => {
        const delay = latency();
        if (delay === 0) queueMicrotask(then);
        else environment.setTimer(then, delay);
      };
      const answer = ({ status, body }: HttpAnswer) => trip(() => resolve(response(status, body)));
      trip(() => {
        if (typeof mode === 'object') return answer({ status: mode.status, body: mode.body ?? '' });
        if (mode === 'bad-gateway') return answer(BAD_GATEWAY);
        const served = this.serve(new URL(input as string).pathname, (init?.body ?? '') as string, tokenOf(init));
        void served.then((own) => answer(mode === 'answer-lost' ? BAD_GATEWAY : own));
      });
    });

  /** Answers the held polls, because a topic changed, or became stale or current. */
  releasePolls(): void {
    for (const end of [...this.held]) end();
  }

  private async serve(path: string, body: string, token: string | undefined): Promise<HttpAnswer> {
    const rejection = this.server.admit(token);
    if (rejection) return { status: ERROR_CODES[rejection.code].status, body: rejection };
    if (path.endsWith('/config')) {
      const { isWebSocketOn, pollInterval, actionWindow, frameBytes } = this.server;
      const limits = { actionWindow, frameBytes, ...this.server.contract };
      const body = { websocket: isWebSocketOn, poll: { interval: pollInterval }, ...limits };
      return { status: 200, body };
    }
    if (path.endsWith('/poll')) return { status: 200, body: await this.poll(body, token) };
    if (utf8Length(body) > this.server.frameBytes) return { status: 413, body: TOO_LARGE };
    const limits = { ...CLIENT_FRAME_LIMITS, bytes: 0 };
    const { clientId, id, name, data, again = false, answered } = parseActionRequest(body, limits);
    this.server.actions.confirm(clientId, answered);
    // The server does not know what a polling client follows, so it tells the positions of all topics that it may read.
    const isVisible = (topic: string) => this.server.rejectionOf(topic, token) === undefined;
    const invocation = { clientId, id, name, data, again, transport: 'polling' } as const;
    const answer = await new Promise<AckFrame | ErrorFrame>((resolve) =>
      this.server.actions.act(invocation, this.server.topics.watchPositions(), isVisible, resolve),
    );
    return { status: answer.type === 'ack' ? 200 : ERROR_CODES[answer.code].status, body: answer };
  }

  private async poll(body: string, token: string | undefined): Promise<PollResponse> {
    const request = parsePollRequest(body, CLIENT_FRAME_LIMITS);
    this.polls.push(request);
    this.server.actions.confirm(request.clientId, request.answered);
    const collect = () =>
      request.topics.flatMap(({ topic, since }): readonly ServerFrame[] => {
        const rejection = this.server.rejectionOf(topic, token);
        return rejection ? [rejection] : this.server.topic(topic).catchUp(since);
      });
    const frames = collect();
    if (request.wait && frames.every((frame) => frame.type === 'subscribed' && frame.recovered)) {
      const isStale = frames.some((frame) => 'staleSince' in frame);
      await this.hold(isStale ? MAX_STALE_HOLD_MS : request.wait * 1_000);
      return this.answer(collect());
    }
    return this.answer(frames);
  }

  private answer(frames: readonly ServerFrame[]): PollResponse {
    const { contract, environment, isWebSocketOn } = this.server;
    return { frames, websocket: isWebSocketOn, serverTime: environment.now(), ...contract };
  }

  private hold(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.held.delete(end);
        timer.cancel();
        resolve();
      };
      const timer = this.server.environment.setTimer(end, ms);
      this.held.add(end);
    });
  }
}

function tokenOf(init: RequestInit | undefined): string | undefined {
  const header = (init?.headers as Record<string, string> | undefined)?.Authorization;
  return header?.replace(/^Bearer /, '');
}

/** Returns the parts of a `Response` that clients use, because jsdom has no `Response`. */
function response(status: number, body: unknown): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const retryAfter = (body as Partial<ErrorFrame> | null)?.retryAfter;
  const headers = { get: () => (retryAfter === undefined ? null : String(Math.ceil(retryAfter / 1_000))) };
  return { status, headers, text: () => Promise.resolve(text) } as unknown as Response;
}
