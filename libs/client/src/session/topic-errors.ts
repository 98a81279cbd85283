import type { ErrorFrame, UnsubscribedCode } from '@statewire/protocol';

import { RealtimeClientError, toClientError } from '../core/realtime-client-error.js';
import type { TopicEntry } from '../topics/topic-entry.js';

/** Codes after which the application may no longer see the value. */
const ACCESS_CODES: ReadonlySet<string> = new Set(['forbidden', 'unauthorized', 'unknown_topic']);

const UNSUBSCRIBED_MESSAGES: Record<Exclude<UnsubscribedCode, 'requested'>, string> = {
  forbidden: 'The user may no longer follow the topic',
  unauthorized: 'The credentials no longer allow the topic',
  closed: 'The server closed the topic',
};

/** Ends a topic with the server's error. */
export function failTopic(entry: TopicEntry, error: ErrorFrame, now: number): void {
  entry.store.fail(toClientError(error), now, ACCESS_CODES.has(error.code));
}

/** Ends a topic that the server unsubscribed. */
export function endTopic(entry: TopicEntry, code: Exclude<UnsubscribedCode, 'requested'>, now: number): void {
  const message = `${UNSUBSCRIBED_MESSAGES[code]} "${entry.name}".`;
  entry.store.fail(new RealtimeClientError(code, message), now, ACCESS_CODES.has(code));
}

/** Ends a topic that the server has as the other kind, state or events. */
export function failWithKindMismatch(entry: TopicEntry, now: number): void {
  const { name, store } = entry;
  const message =
    `The server does not have the topic "${name}" with kind "${store.kind}". ` +
    'The contracts of the client and the server differ: use the same topic on both sides.';
  store.fail(new RealtimeClientError('kind_mismatch', message), now, true);
}
