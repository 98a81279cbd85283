import type { DistantBug } from './seeded-bug.js';

/** Bugs of nodes that share a distant broker. */
export const DISTANT_BUGS: readonly DistantBug[] = [
  {
    name: 'a publication has its delta from what the broker has answered',
    edits: [
      {
        package: 'nest',
        symbol: 'Writer.patchTo',
        find: 'timeline === undefined || this.underWay > 0;',
        replace: 'timeline === undefined;',
      },
    ],
    caughtBy: 'several publications of one turn, before the broker has answered the first',
  },
  {
    name: 'a publisher without a reader sends no deltas',
    edits: [
      {
        package: 'nest',
        symbol: 'TopicRegistry.append',
        find: 'live === undefined && !broker.isShared',
        replace: 'live === undefined',
      },
    ],
    caughtBy: 'a publisher without a reader of its own',
  },
  {
    name: 'the value of a loader overwrites a newer publication',
    edits: [
      {
        package: 'nest',
        symbol: 'TopicRegistry.activate',
        find: 'this.append(topic, value, { only })',
        replace: 'this.append(topic, value, {})',
      },
    ],
    caughtBy: 'a publication while a loader reads an older value',
  },
  {
    name: 'a node does not compare its position with the broker after an outage',
    edits: [
      {
        package: 'nest',
        symbol: 'LiveTopic.resume',
        find: 'return epoch === position.epoch && offset === position.offset && id === ownId;',
        replace: 'return epoch === position.epoch || offset === position.offset || id === ownId;',
      },
    ],
    caughtBy: 'a promoted replica that lost publications, without further publications',
  },
  {
    name: 'a node continues a history without comparing the id of its newest publication',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.isContradictedBy',
        find: '(idAbove !== undefined && idAbove !== this.newestId)',
        replace: 'idAbove === null',
      },
      {
        package: 'nest',
        symbol: 'Timeline.isContinuedBy',
        find: '|| idAbove !== this.newestId',
        replace: '',
      },
    ],
    caughtBy: 'offsets that a promoted replica gives out again while a node is cut off',
  },
  {
    name: 'the followers of a topic do not learn that it is stale',
    edits: [
      {
        package: 'nest',
        symbol: 'ConnectionSubscriber.interrupted',
        find: 'this.sink.send(this.timeline.frames.stale(since));',
        replace: '',
      },
    ],
    caughtBy: 'a node that is cut off, for clients that must not take their values for current',
  },
  {
    name: 'a subscription to a stale topic does not say that it is stale',
    edits: [
      {
        package: 'nest',
        symbol: 'TopicRegistry.subscribe',
        find: 'const { staleSince } = live;',
        replace: 'const staleSince = undefined;',
      },
    ],
    caughtBy: 'a node that is cut off, for clients that must not take their values for current',
  },
  {
    name: 'the followers of a stale topic do not learn that it is current again',
    edits: [
      {
        package: 'nest',
        symbol: 'ConnectionSubscriber.resumed',
        find: 'else this.sendFresh();',
        replace: '',
      },
    ],
    caughtBy: 'a node that is cut off, for clients that must not take their values for current',
  },
  {
    name: 'a new epoch after a loss drops the value',
    edits: [
      {
        package: 'nest',
        symbol: 'LiveTopic.replaceEpoch',
        find: '{ keep: true }',
        replace: '{ keep: false }',
      },
    ],
    caughtBy: 'lost publications, for clients that come before the next publication',
  },
  {
    name: 'the only writer of a topic does not publish a value again that the broker has lost',
    edits: [
      {
        package: 'nest',
        symbol: 'SoleWriter.verify',
        find: 'this.publish(last.value).catch(() => undefined);',
        replace: '',
      },
    ],
    caughtBy: 'lost publications of a source that has nothing new',
  },
  {
    name: 'a node reads the histories of all its topics at once after an outage',
    edits: [
      {
        package: 'nest',
        symbol: 'ReadLimit.run',
        find: 'this.running < this.most',
        replace: 'this.running < Infinity',
      },
    ],
    caughtBy: 'an outage of many topics, of which most move meanwhile',
  },
  {
    name: 'a node sends a request to the holder of a lease again after a lost reply',
    edits: [
      {
        package: 'nest',
        symbol: 'Requests.request',
        find: 'this.messenger.sendOnce(holder, text).then(',
        replace: 'this.messenger.send(holder, text).then(() => true).then(',
      },
    ],
    caughtBy: 'a request whose reply of the server is lost',
  },
];
