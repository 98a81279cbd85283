import { eventTopic, stateTopic, type Json, type TopicReference } from '@statewire/protocol';

import { ActionOutbox } from '../../src/actions/action-outbox.js';
import { MetricsRecorder } from '../../src/core/metrics-recorder.js';
import { VirtualEnvironment } from '../../src/testing/virtual-environment.js';
import { TopicRegistry } from '../../src/topics/topic-registry.js';
import type { SessionListener } from '../../src/session/session-listener.js';
import { SocketSession } from '../../src/session/socket-session.js';

export type Frame = Record<string, unknown>;

export const topicOf = (n: string): TopicReference<Json, 'state'> => stateTopic<Json>()('topics/:n').with({ n });
export const [a, b] = [topicOf('a'), topicOf('b')];
export const notices = eventTopic<string>()('notices').with();

export const WELCOME = {
  ...{ type: 'welcome', connectionId: 'c', serverTime: 0, heartbeat: { interval: 30_000, timeout: 10_000 } },
  ...{ limits: { frameBytes: 65_536, subscriptions: 128 }, actionWindow: 120_000 },
};

/** A session that was not greeted yet, of topics that somebody follows. */
export function setUp(...followed: (typeof a)[]) {
  const environment = new VirtualEnvironment();
  const metrics = new MetricsRecorder(environment);
  const registry = new TopicRegistry(environment, metrics, 0, () => undefined);
  const outbox = new ActionOutbox(environment);
  const sent: Frame[] = [];
  const calls: unknown[][] = [];
  const noted =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args]);
  const listener: SessionListener = {
    welcome: noted('welcome'),
    topicMoved: noted('topicMoved'),
    asked: noted('asked'),
    rest: ({ name }, retryAfter) => calls.push(['rest', name, retryAfter]),
    carryLater: noted('carryLater'),
    drain: noted('drain'),
    authenticated: noted('authenticated'),
    refused: noted('refused'),
    settled: noted('settled'),
  };
  const open = () => {
    const send = (text: string) => void sent.push(JSON.parse(text) as Frame);
    return new SocketSession(send, registry, outbox, metrics, environment, listener);
  };
  const session = open();
  const values = new Map<string, unknown>();
  const follow = (topic: typeof a) =>
    registry.states(topic).subscribe({ next: ({ value }) => values.set(topic.name, value), error: () => undefined });
  followed.forEach(follow);
  const receive = (...frames: Frame[]) => frames.map((frame) => session.receive(JSON.stringify(frame)));
  return {
    ...{ calls, environment, follow, metrics, open, outbox, receive, registry, sent, session, values },
    entry: (topic: TopicReference = a) => registry.get(topic.name)!,
    /** Arguments of each call of the listener. */
    told: (name: keyof SessionListener) => calls.filter(([called]) => called === name).map(([, ...args]) => args),
    /** Frames since the last look. */
    look: () => sent.splice(0),
  };
}

/** Greeted, welcomed and confirmed at offset 3. */
export function setUpLive(...followed: (typeof a)[]) {
  const setup = setUp(...followed);
  setup.session.greet('client', undefined);
  setup.receive(WELCOME, ...followed.flatMap((topic) => [subscribed(topic), snapshot(topic)]));
  setup.look();
  setup.calls.length = 0;
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
