import { eventTopic, stateTopic, type Json, type TopicReference } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { ActionOutbox } from '../../src/actions/action-outbox.js';
import { MetricsRecorder } from '../../src/core/metrics-recorder.js';
import type { SessionEvent } from '../../src/session/client-event.js';
import { SocketSession } from '../../src/session/socket-session.js';
import { ClientTopicRegistry } from '../../src/topics/client-topic-registry.js';

export type Frame = Record<string, unknown>;

export const topicOf = (n: string): TopicReference<Json, 'state'> => stateTopic<Json>()('topics/:n').with({ n });
export const [a, b] = [topicOf('a'), topicOf('b')];
export const notices = eventTopic<string>()('notices').with();

export const WELCOME = {
  ...{ type: 'welcome', connectionId: 'c', serverTime: 0, heartbeat: { interval: 30_000, timeout: 10_000 } },
  ...{ limits: { frameBytes: 65_536, subscriptions: 128 }, actionWindow: 120_000 },
};

/** A session that has not sent `hello` yet, with topics that the application follows. */
export function setUp(...followed: (typeof a)[]) {
  const environment = new VirtualEnvironment();
  const metrics = new MetricsRecorder(environment);
  const registry = new ClientTopicRegistry(environment, metrics, 0, () => undefined);
  const outbox = new ActionOutbox(environment);
  const sent: Frame[] = [];
  /** A deferred topic stands there with its name instead of its entry. */
  const events: (Frame & { readonly type: SessionEvent['type'] })[] = [];
  const emit = (event: SessionEvent) =>
    void events.push('entry' in event ? { ...event, entry: event.entry.name } : event);
  const open = () => {
    const send = (text: string) => void sent.push(JSON.parse(text) as Frame);
    return new SocketSession(send, registry, outbox, metrics, environment, emit);
  };
  const session = open();
  const values = new Map<string, unknown>();
  const follow = (topic: typeof a) =>
    registry.states(topic).subscribe({ next: ({ value }) => values.set(topic.name, value), error: () => undefined });
  followed.forEach(follow);
  const receive = (...frames: Frame[]) => frames.map((frame) => session.receive(JSON.stringify(frame)));
  return {
    ...{ events, environment, follow, metrics, open, outbox, receive, registry, sent, session, values },
    entry: (topic: TopicReference = a) => registry.get(topic.name)!,
    eventsOf: (type: SessionEvent['type']) => events.filter((event) => event.type === type),
    /** Frames since the last look. */
    look: () => sent.splice(0),
  };
}

/** A session after `welcome`, with each topic confirmed at offset 3. */
export function setUpLive(...followed: (typeof a)[]) {
  const setup = setUp(...followed);
  setup.session.greet('client', undefined);
  setup.receive(WELCOME, ...followed.flatMap((topic) => [subscribed(topic), snapshot(topic)]));
  setup.look();
  setup.events.length = 0;
  return setup;
}

export function subscribed({ name }: TopicReference, more: Frame = {}): Frame {
  return { type: 'subscribed', topic: name, kind: 'state', epoch: 'e', offset: 3, recovered: false, ref: '1', ...more };
}

export function snapshot({ name }: TopicReference, offset = 3): Frame {
  return { type: 'snapshot', topic: name, epoch: 'e', offset, data: offset };
}

export function patch({ name }: TopicReference, from = 3): Frame {
  return { type: 'patch', topic: name, from, offset: from + 1, delta: [from + 1] };
}

export function error(code: string, more: Frame = {}): Frame {
  return { type: 'error', code, message: 'No.', temporary: false, ...more };
}
