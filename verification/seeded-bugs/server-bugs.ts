import type { SeededBug } from './seeded-bug.js';

/** Bugs of the server's core. */
export const SERVER_BUGS: readonly SeededBug[] = [
  {
    name: 'the server sends a frame before `subscribed`',
    edits: [
      {
        package: 'nest',
        symbol: 'ConnectionSubscriber.constructor',
        find: 'sink.send(timeline.frames.subscribed(position, recovered, options.ref, options.staleSince));',
        replace:
          'this.replay(); sink.send(timeline.frames.subscribed(position, recovered, options.ref, options.staleSince));',
      },
    ],
    caughtBy: 'the first connect',
    depth: 1,
  },
  {
    name: 'a reader resumes from a position of another epoch',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.includes',
        find: 'return since.epoch === this.epoch && since.offset <= this.offset;',
        replace: 'return since.offset <= this.offset;',
      },
    ],
    caughtBy: 'an outage',
    depth: 2,
  },
  {
    name: 'the replay leaves out the first publication',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.start',
        find: 'return { position, recovered, cursor: recovered ? since.offset : offset };',
        replace: 'return { position, recovered, cursor: recovered ? since.offset + 1 : offset };',
      },
    ],
    caughtBy: 'an outage',
    depth: 1,
  },
  {
    name: 'the server sets recovered beyond its history',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.start',
        find: 'this.includes(since) && since.offset + 1 >= oldest;',
        replace: 'this.includes(since);',
      },
    ],
    caughtBy: 'an outage',
    depth: 3,
  },
  {
    name: 'the server conflates events like states',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.after',
        find: ': this.eventsAfter(cursor);',
        replace: ': this.eventsAfter(this.offset - 1);',
      },
    ],
    caughtBy: 'a slow reader',
    depth: 3,
  },
  {
    name: 'the server does not announce a new epoch',
    edits: [
      {
        package: 'nest',
        symbol: 'ConnectionSubscriber.restarted',
        find: 'if (this.sink.offer(this.subscribedFrame(start), this)) {',
        replace: 'if (!this.lagging) {',
      },
    ],
    caughtBy: 'a slow reader',
    depth: 1,
  },
  {
    name: 'the node drops publications between the read and the first live frame',
    edits: [
      {
        package: 'nest',
        symbol: 'LiveTopic.open',
        find: 'this.opened = new Timeline(topic.name, topic.kind, history, read, topic);',
        replace: 'this.opened = new Timeline(topic.name, topic.kind, history, read, topic); this.inbox.length = 0;',
      },
    ],
    caughtBy: 'a slow broker',
    depth: 3,
  },
  {
    name: 'the node reads a topic before it listens to it',
    edits: [
      {
        package: 'nest',
        symbol: 'LiveTopic.open',
        find: 'const unlisten = await broker.listen(topic.name, (message) => this.receive(message));',
        replace:
          'const early = await broker.read(topic.name, topic.kind); const unlisten = await broker.listen(topic.name, (message) => this.receive(message));',
      },
      {
        package: 'nest',
        symbol: 'LiveTopic.open',
        find: 'const read = await broker.read(topic.name, topic.kind);',
        replace: 'const read = early;',
      },
    ],
    caughtBy: 'a slow broker',
    depth: 2,
  },
  {
    name: 'the node skips its hole check',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.isNext',
        find: 'offset === this.offset + 1 && previous === this.newestId',
        replace: 'offset > this.offset',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'authenticate does not run the guards of subscribed topics',
    edits: [
      {
        package: 'nest',
        symbol: 'Connection.authenticate',
        find: 'await this.subscriptions.reauthorize(presented.caller);',
        replace: '',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 1,
  },
  {
    name: 'the end of a subscription leaks its subscriber',
    edits: [
      {
        package: 'nest',
        symbol: 'ConnectionSubscriber.close',
        find: 'this.options.onClose();',
        replace: '',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 0,
  },
  {
    name: 'the server does not end a replaced subscription',
    edits: [
      {
        package: 'nest',
        symbol: 'Subscriptions.attach',
        find: 'detach(followed);',
        replace: '',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'the end of a connection does not release its slot',
    edits: [
      {
        package: 'nest',
        symbol: 'Connection.gone',
        find: 'this.upgradeContext.slot.leave();',
        replace: '',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 0,
  },
  {
    name: 'a repetition of a running action runs it again',
    edits: [
      {
        package: 'nest',
        symbol: 'MemoryClaims.claim',
        find: 'if (existing === undefined) {',
        replace: 'if (existing === undefined || existing.answer === undefined) {',
      },
    ],
    caughtBy: 'actions',
    depth: 5,
  },
  {
    name: 'the broker forgets the answer of an action at once',
    edits: [
      {
        package: 'nest',
        symbol: 'MemoryClaims.settle',
        find: 'const expiresAt = Math.ceil(this.environment.monotonic()) + window;',
        replace: 'const expiresAt = Math.ceil(this.environment.monotonic()) + window * 0;',
      },
    ],
    caughtBy: 'actions',
    depth: 2,
  },
  {
    name: 'the server drops the last frame before a close',
    edits: [
      {
        package: 'nest',
        symbol: 'Outbox.close',
        find: 'this.flush();',
        replace: '',
      },
    ],
    caughtBy: 'a rejected client',
    depth: 1,
  },
];
