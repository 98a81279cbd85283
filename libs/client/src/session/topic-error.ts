import type { ErrorFrame, UnsubscribedCode } from '@statewire/protocol';

import { RealtimeClientError } from '../core/realtime-client-error.js';
import type { TopicEntry } from '../topics/topic-entry.js';

/** Codes after which the value itself must not be shown any longer. */
const RIGHT_IS_GONE: ReadonlySet<string> = new Set(['forbidden', 'unauthorized', 'unknown_topic']);

const UNSUBSCRIBED: Record<Exclude<UnsubscribedCode, 'requested'>, string> = {
  forbidden: 'The right to follow this topic was taken away.',
  unauthorized: 'The credentials no longer allow to follow this topic.',
  closed: 'The topic was closed.',
};

export function failTopic(entry: TopicEntry, { code, message, details }: ErrorFrame, now: number): void {
  entry.store.fail(new RealtimeClientError(code, message, details), now, RIGHT_IS_GONE.has(code));
}

export function endTopic(entry: TopicEntry, code: Exclude<UnsubscribedCode, 'requested'>, now: number): void {
  entry.store.fail(new RealtimeClientError(code, UNSUBSCRIBED[code]), now, RIGHT_IS_GONE.has(code));
}

export function mismatchTopic(entry: TopicEntry, now: number): void {
  const { name, store } = entry;
  const message = `The server has ${name} as the other kind, not as ${store.kind}: the contracts of both sides differ.`;
  store.fail(new RealtimeClientError('kind_mismatch', message), now, true);
}
