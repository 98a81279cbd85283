import type { Json, ServerFrame, SnapshotResponse } from '@statewire/protocol';

import { RealtimeError } from '../core/errors.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import type { CatchUpAnswer, TopicRegistry } from '../topics/topic-registry.js';
import type { HttpAnswer } from './exchange.js';
import type { Authorize, AuthenticatedRequest } from './request-authenticator.js';

/** Values may be private: only the cache of the caller may keep them, and it asks each time whether they changed. */
const CACHE_CONTROL = 'private, no-cache';

/** Answers a topic as a plain HTTP resource, for scripts, server-rendered pages and caches. */
export class Snapshot {
  constructor(
    private readonly authorize: Authorize,
    private readonly topics: Pick<TopicRegistry, 'catchUp'>,
  ) {}

  /** @param knownTag `If-None-Match` of the request. */
  async answer(name: string | null, knownTag: string | undefined, request: AuthenticatedRequest): Promise<HttpAnswer> {
    if (name === null) throw new RealtimeError('bad_request', 'Name the topic: ?topic=battles/42.');
    const topic = await this.authorize(name, request.caller);
    const caughtUp = await this.topics.catchUp(topic, topic.kind === 'events' ? 'oldest' : undefined);
    request.check();
    const { epoch, offset } = caughtUp.position;
    const tag = `"${epoch}:${offset}"`;
    const body = JSON.stringify(toResponse(topic, caughtUp));
    // The tag stands for the current value of the topic, and nobody knows whether a stale one is that.
    if (caughtUp.staleSince !== undefined) return { status: 200, headers: { 'Cache-Control': CACHE_CONTROL }, body };
    const headers = { 'Cache-Control': CACHE_CONTROL, ETag: tag };
    return matches(knownTag, tag) ? { status: 304, headers } : { status: 200, headers, body };
  }
}

function toResponse({ kind }: ResolvedTopic, { frames, position, staleSince }: CatchUpAnswer): SnapshotResponse {
  const at = { ...position, ...(staleSince === undefined ? {} : { staleSince }) };
  const parsed = frames.map(({ text }) => JSON.parse(text) as ServerFrame);
  if (kind === 'state') {
    const snapshot = parsed.find((frame) => frame.type === 'snapshot');
    return { kind, ...at, data: snapshot?.data ?? null };
  }
  const events: { offset: number; data: Json }[] = [];
  for (const frame of parsed) {
    if (frame.type === 'event') events.push({ offset: frame.offset, data: frame.data });
  }
  return { kind, ...at, events };
}

/** Compares tags weakly (RFC 9110 §13.1.2), because a proxy that compresses weakens them. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((entry) => entry.trim() === '*' || entry.trim().replace(/^W\//, '') === tag);
}
