import type { ClientFrame, PollRequest, PollResponse, ServerFrame, Since } from '@statewire/protocol';

import { TOKENS, type Token } from './contract.js';
import type { HttpWire } from './http-wire.js';
import type { NetworkWatcher } from './network.js';
import type { HttpAnswer } from './server-node.js';
import type { Page } from './page.js';
import type { SocketWire } from './socket-wire.js';
import { brief, TopicStream } from './topic-stream.js';
import type { Truth } from './truth.js';
import type { Verdict } from './verdict.js';

interface FollowedTopic {
  /** Requests at the server without an answer. */
  readonly asked: { readonly ref: string | undefined; readonly since: Since | undefined }[];
  stream: TopicStream | undefined;
}

export interface Session {
  readonly topics: Map<string, FollowedTopic>;
  readonly tokens: Map<string | undefined, string | undefined>;
  /** The current token; undefined before `welcome`. */
  token: string | undefined;
  isWelcomed: boolean;
}

/** Checks the promises about the frames of the server, on every connection and in every answer. */
export class WireOracle implements NetworkWatcher {
  private readonly sessions = new WeakMap<SocketWire, Session>();

  constructor(
    private readonly truth: Truth,
    private readonly verdict: Verdict,
    private readonly page: () => Pick<Page, 'asked' | 'heard' | 'views'>,
  ) {}

  opened(wire: SocketWire): void {
    this.sessions.set(wire, { topics: new Map(), tokens: new Map(), token: undefined, isWelcomed: false });
  }

  arriving(wire: SocketWire, text: string): void {
    const session = this.session(wire);
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.type === 'hello') session.tokens.set(undefined, frame.token);
    if (frame.type === 'authenticate') session.tokens.set(frame.ref, frame.token);
    if (frame.type !== 'subscribe') return;
    for (const { topic, since } of frame.topics) followed(session, topic).asked.push({ ref: frame.ref, since });
  }

  sent(wire: SocketWire, text: string): void {
    const session = this.session(wire);
    const frame = JSON.parse(text) as ServerFrame;
    const label = `socket ${wire.number}`;
    switch (frame.type) {
      case 'welcome':
      case 'authenticated':
        session.token = session.tokens.get('ref' in frame ? frame.ref : undefined);
        session.isWelcomed = true;
        return;
      case 'subscribed':
      case 'snapshot':
      case 'patch':
      case 'event':
        this.verdict.demand(session.isWelcomed, () => `${label} sent ${brief(frame)} before welcome`);
        this.verdict.demand(
          mayRead(session.token, frame.topic),
          () => `${label} sent ${brief(frame)} without the right`,
        );
        return this.takeTopicFrame(label, followed(session, frame.topic), frame);
      case 'unsubscribed': {
        const topic = followed(session, frame.topic);
        this.verdict.demand(
          topic.stream !== undefined,
          () => `${label} sent ${brief(frame)} of a topic not subscribed`,
        );
        topic.stream = undefined;
        return;
      }
      case 'error':
        if (frame.topic !== undefined) forgetAsked(followed(session, frame.topic), frame.ref);
        return;
      default:
    }
  }

  leaving(wire: SocketWire, text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.type === 'subscribe') this.page().asked(wire, frame);
  }

  delivering(wire: SocketWire, text: string): void {
    this.page().heard(wire, [JSON.parse(text) as ServerFrame]);
  }

  asking(wire: HttpWire): void {
    const { path, body } = wire.request;
    if (!path.endsWith('/poll')) return;
    wire.askedFor = this.page().views;
    this.page().asked(wire, JSON.parse(body) as PollRequest);
  }

  answering(wire: HttpWire, { status, body: text }: HttpAnswer): void {
    const { path, body, token } = wire.request;
    if (!path.endsWith('/poll') || status !== 200) return;
    const { topics } = JSON.parse(body) as PollRequest;
    const { frames } = JSON.parse(text) as PollResponse;
    const streams = new Map(topics.map(({ topic }) => [topic, this.stream(topic, 'a poll')]));
    for (const frame of frames) {
      if (!('topic' in frame) || frame.topic === undefined || frame.type === 'error') continue;
      this.verdict.demand(mayRead(token, frame.topic), () => `a poll was answered ${brief(frame)} without the right`);
      const stream = streams.get(frame.topic);
      this.verdict.demand(stream !== undefined, () => `a poll was answered ${brief(frame)} unasked`);
      if (frame.type === 'unsubscribed') continue;
      stream?.take(frame, topics.find(({ topic }) => topic === frame.topic)?.since);
    }
    this.page().heard(wire, frames);
  }

  /** Checks, without messages in transit, that every follower got every publication. */
  checkComplete(wire: SocketWire): void {
    for (const [name, { asked, stream }] of this.session(wire).topics) {
      const complaint = (what: string) => (): string => `socket ${wire.number} ${what} of ${name}`;
      this.verdict.demand(asked.length === 0, complaint('left a subscribe unanswered'));
      if (stream === undefined) continue;
      const [told, top] = [stream.position, this.truth.top(name)];
      const isAll = told?.epoch === top?.epoch && told?.offset === top?.offset;
      this.verdict.demand(isAll, complaint(`was told up to ${told?.offset} and not up to ${top?.offset}`));
    }
  }

  private takeTopicFrame(
    label: string,
    topic: FollowedTopic,
    frame: Extract<ServerFrame, { type: 'subscribed' | 'snapshot' | 'patch' | 'event' }>,
  ): void {
    if (frame.type !== 'subscribed') {
      const { stream } = topic;
      this.verdict.demand(stream !== undefined, () => `${label} sent ${brief(frame)} of a topic not subscribed`);
      stream?.take(frame);
      return;
    }
    if (frame.ref === undefined) {
      this.verdict.demand(topic.stream !== undefined, () => `${label} sent ${brief(frame)} unasked`);
      topic.stream?.take(frame);
      return;
    }
    const request = forgetAsked(topic, frame.ref);
    this.verdict.demand(request !== undefined, () => `${label} sent ${brief(frame)} unasked`);
    topic.stream = this.stream(frame.topic, label);
    topic.stream.take(frame, request?.since);
  }

  private stream(topic: string, label: string): TopicStream {
    return new TopicStream(topic, this.truth, this.verdict, label);
  }

  /** The state of a socket. */
  session(wire: SocketWire): Session {
    return this.sessions.get(wire)!;
  }
}

function followed({ topics }: Session, name: string): FollowedTopic {
  const topic = topics.get(name) ?? { asked: [], stream: undefined };
  topics.set(name, topic);
  return topic;
}

function forgetAsked({ asked }: FollowedTopic, ref: string | undefined): FollowedTopic['asked'][number] | undefined {
  const index = asked.findIndex((request) => request.ref === ref);
  return index < 0 ? undefined : asked.splice(index, 1)[0];
}

function mayRead(token: string | undefined, topic: string): boolean {
  const permissions = token === undefined ? undefined : TOKENS[token as Token];
  return permissions !== undefined && (permissions.topics as readonly string[]).includes(topic);
}
