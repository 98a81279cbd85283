import type { Json, ServerFrame, SnapshotResponse } from '@statewire/protocol';

import { RealtimeError } from '../core/errors.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import type { CatchUpAnswer, TopicRegistry } from '../topics/topic-registry.js';
import type { HttpAnswer } from './exchange.js';
import type { Authorize } from './request-authenticator.js';
import type { AuthenticatedRequest } from './authenticated-request.js';

/** Whatever is read may be private: only the caller's own cache may keep it, and it has to ask each time. */
const CACHE_CONTROL = 'private, no-cache';

/** Answers one topic as a plain resource, for scripts, server-rendered pages and caches. */
export class Snapshot {
  constructor(
    private readonly authorize: Authorize,
    private readonly topics: Pick<TopicRegistry, 'catchUp'>,
  ) {}

  /** @param known the request's `If-None-Match`. */
  async answer(name: string | null, known: string | undefined, visitor: AuthenticatedRequest): Promise<HttpAnswer> {
    if (name === null) throw new RealtimeError('bad_request', 'Name the topic: ?topic=battles/42.');
    const topic = await this.authorize(name, visitor.caller);
    const caughtUp = await this.topics.catchUp(topic, topic.kind === 'events' ? 'oldest' : undefined);
    visitor.check();
    const { epoch, offset } = caughtUp.position;
    const tag = `"${epoch}:${offset}"`;
    const headers = { 'Cache-Control': CACHE_CONTROL, ETag: tag };
    if (matches(known, tag)) return { status: 304, headers };
    return { status: 200, headers, body: JSON.stringify(toResponse(topic, caughtUp)) };
  }
}

function toResponse({ kind }: ResolvedTopic, { frames, position }: CatchUpAnswer): SnapshotResponse {
  const { epoch, offset } = position;
  const parsed = frames.map(({ text }) => JSON.parse(text) as ServerFrame);
  if (kind === 'state') {
    const snapshot = parsed.find((frame) => frame.type === 'snapshot');
    return { kind, epoch, offset, data: snapshot?.data ?? null };
  }
  const events: { offset: number; data: Json }[] = [];
  for (const frame of parsed) {
    if (frame.type === 'event') events.push({ offset: frame.offset, data: frame.data });
  }
  return { kind, epoch, offset, events };
}

/** RFC 9110 §13.1.2: weakly compared, because a proxy that compresses weakens tags. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((entry) => entry.trim() === '*' || entry.trim().replace(/^W\//, '') === tag);
}
